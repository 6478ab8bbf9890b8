package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// loadCA reads the certificates, in PEM, of the authorities that a server's
// own certificate must come from: nil, the system's, for no file. Its error
// follows the name of a variable and does not tell the path: what stands in the
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

// serverTLS is nil, which means a plain connection, where on is false.
func serverTLS(on bool, caFile string) (*tls.Config, error) {
	if !on {
		return nil, nil //nolint:nilnil // nil is what the adapters take for a plain connection
	}
	pool, err := loadCA(caFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}
