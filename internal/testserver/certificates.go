package testserver

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificates are files in PEM of an authority of this test's own: its
// certificate, and those of a server on loopback.
type Certificates struct{ CA, Cert, Key string }

// NewCertificates makes an authority that no one trusts yet, and lets it sign a
// certificate for localhost and the loopback addresses, good for an hour.
func NewCertificates(tb testing.TB) Certificates {
	tb.Helper()
	c, err := writeCertificates(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func writeCertificates(folder string) (c Certificates, err error) {
	in := func(name string) string { return filepath.Join(folder, name) }
	c = Certificates{CA: in("ca.pem"), Cert: in("server.pem"), Key: in("server.key")}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "vitrine test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(loopback), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	if err := writeCertificate(c.CA, authority, authority, authorityKey.Public(), authorityKey); err != nil {
		return c, err
	}
	if err := writeCertificate(c.Cert, server, authority, serverKey.Public(), authorityKey); err != nil {
		return c, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		return c, err
	}
	return c, writePEM(c.Key, "PRIVATE KEY", der)
}

func writeCertificate(path string, of, by *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) error {
	der, err := x509.CreateCertificate(rand.Reader, of, by, key, signer)
	if err != nil {
		return err
	}
	return writePEM(path, "CERTIFICATE", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
