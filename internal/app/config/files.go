package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxValueFile bounds, in bytes, a file that holds the value of a variable.
const maxValueFile = 64 << 10

// readFiles reads NAME from the file that NAME_FILE names, for every variable:
// Docker and Kubernetes provide secrets as files, which keeps them out of the
// environment that `docker inspect` or a child process shows.
func (e *environment) readFiles() {
	for _, name := range knownNames() {
		file := name + "_FILE"
		if !e.has(file) {
			continue
		}
		if e.has(name) {
			e.problem("%s and %s must not both be set", name, file)
			continue
		}
		if strings.HasPrefix(name, openTelemetry) {
			e.problem("%s is not read: set %s itself, which the libraries of OpenTelemetry read", file, name)
			continue
		}
		value, err := readValue(e.values[file])
		switch {
		case err != nil:
			e.problem("%s names a file that cannot be read: %v", file, err)
		case value == "":
			e.problem("%s names a file that is empty", file)
		default:
			e.values[name], e.spelling[name] = value, file
		}
	}
}

// readValue returns the text of a file without the line break at its end.
func readValue(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return "", withoutPath(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxValueFile+1))
	switch {
	case err != nil:
		return "", withoutPath(err)
	case len(text) > maxValueFile:
		return "", errors.New("it is larger than 64 KiB")
	}
	value := strings.TrimSuffix(string(text), "\n")
	return strings.TrimSuffix(value, "\r"), nil
}

// withoutPath removes the path from the error: it may be the secret itself, set
// in place of the name of its file.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// loadCA reads the certificates, in PEM, of the authorities that a server's
// own certificate must come from: nil, the system's, for no file. Its error
// follows the name of a variable and does not quote the path: the value of the
// wrong variable may be a secret.
func loadCA(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil is what crypto/tls takes for the system's
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("names a file that cannot be read: %w", withoutPath(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("names a file that holds no certificate in PEM")
	}
	return pool, nil
}

// loadAuthorities reads the files of certificates. Those of PostgreSQL and S3
// are read again by their drivers.
func (c *Config) loadAuthorities() []string {
	var problems []string
	for _, ca := range []struct {
		name, file string
		on         bool
		result     **tls.Config
	}{
		{"DB_SSLROOTCERT", c.DBRootCert, false, nil},
		{"REDIS_CA_FILE", c.RedisCAFile, c.RedisTLS, &c.redisTLS},
		{"QUEUE_CA_FILE", c.QueueCAFile, c.QueueTLS, &c.queueTLS},
		{"AWS_CA_BUNDLE", c.S3CAFile, false, nil},
	} {
		pool, err := loadCA(ca.file)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s %v", ca.name, err))
		}
		if ca.on {
			*ca.result = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
		}
	}
	return problems
}

// ServerTLS is how Redis and the queue's server are spoken to: nil for a plain
// connection.
func (c Config) ServerTLS() (redis, queue *tls.Config) { return c.redisTLS, c.queueTLS }
