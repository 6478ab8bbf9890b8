package s3_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine.dev/internal/blob/s3"
)

// TestCAFile: a server with a certificate of the operator's own authority.
func TestCAFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := s3.Config{Bucket: "pics", Endpoint: server.URL, AccessKeyID: "k", SecretAccessKey: "s", MaxAttempts: 1}
	if err := open(t, cfg).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nothing vouches for: %v", err)
	}
	cfg.CAFile = file
	if err := open(t, cfg).Ping(t.Context()); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
	cfg.CAFile = file + "x"
	if _, err := s3.New(t.Context(), cfg); err == nil {
		t.Error("a file that is not there was accepted")
	}
}
