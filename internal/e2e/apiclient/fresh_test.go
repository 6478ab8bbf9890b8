package apiclient_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFresh: the client is what the generator makes of the description now.
func TestFresh(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it builds the generator")
	}
	made := filepath.Join(t.TempDir(), "client.gen.go")
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../tools/go.mod",
		"oapi-codegen", "-config", "config.yaml", "-o", made, "../../../docs/openapi.yaml")
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile("client.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("client.gen.go is not of docs/openapi.yaml as it is: go generate ./internal/e2e/apiclient writes it")
	}
}
