package interop_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/webhook"
)

// TestWebhooks: the receiver of the documentation, in JavaScript with the public library, verifies
// what it is sent, while a secret rotates, too, and refuses what is not signed.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	if os.Getenv("VITRINE_INTEROP") == "" {
		t.Skip("it needs tools of npm and PyPI: make interop")
	}
	text, err := os.ReadFile(filepath.Join(sources, "receiver.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	const receiver = "../../.tools/interop/receiver.mjs" // beside the package that it imports
	if err := os.WriteFile(receiver, text, 0o644); err != nil {
		t.Fatal(err)
	}
	secret := webhook.NewSecret()
	cmd := exec.CommandContext(t.Context(), "node", receiver)
	cmd.Env, cmd.Stderr = append(os.Environ(), "VITRINE_WEBHOOK_SECRET="+secret.String()), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	says := func(prefix string) string {
		t.Helper()
		for timeout := time.After(2 * time.Minute); ; {
			select {
			case line, open := <-lines:
				if rest, ok := strings.CutPrefix(line, prefix); ok {
					return rest
				}
				if !open {
					t.Fatalf("the receiver ended and did not say %q", prefix)
				}
			case <-timeout:
				t.Fatalf("the receiver did not say %q", prefix)
			}
		}
	}
	url := "http://127.0.0.1:" + says("port ")
	c := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "WEBHOOK_ALLOW_PRIVATE": "true"}).Client()
	if reply, _ := c.Do(http.MethodPost, url, nil, `{"type":"product.deleted","data":{"product_id":1,"product":{"revision":9}}}`); reply.StatusCode != http.StatusBadRequest {
		t.Errorf("what is not signed: %d", reply.StatusCode)
	}
	var made wire.CreatedWebhook
	c.Decode(c.Send(http.MethodPost, "/webhooks", fmt.Sprintf(`{"user_id":1,"url":%q,"secret":%q}`, url, secret), http.StatusCreated), &made)
	wants := func(path, event string) {
		t.Helper()
		if line, want := says("product "), strings.TrimPrefix(path, "/products/")+" "+event; line != want {
			t.Errorf("the receiver has %q, want %q", line, want)
		}
	}
	first := c.Create("Lamp")
	wants(first, "1 product.created")
	c.Send(http.MethodPost, fmt.Sprintf("/webhooks/%d/rotate-secret", made.ID), `{"overlap":3600}`, http.StatusOK)
	second := c.Create("Torch")
	wants(second, "1 product.created")
	if reply, _ := c.Do(http.MethodDelete, first, nil, ""); reply.StatusCode != http.StatusNoContent {
		t.Fatal(reply.StatusCode)
	}
	wants(first, "2 product.deleted")
}
