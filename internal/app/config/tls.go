package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

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
