package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/webhook"
)

// hookReceiver keeps the highest revision of each product, and what it was told of it.
type hookReceiver struct {
	t        *testing.T
	verifier *standardwebhooks.Webhook
	more     chan struct{}

	mu        sync.Mutex
	ids       map[string]string // the body by webhook-id
	revisions map[int64]int64
	types     map[string]int
}

func (h *hookReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = h.verifier.Verify(body, r.Header)
	}
	var m webhook.Message
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		h.t.Errorf("%s: %v", body, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id := r.Header.Get("webhook-id")
	if before := h.ids[id]; before != "" && before != string(body) {
		h.t.Errorf("%s is %s and %s", id, before, body)
	}
	h.ids[id] = string(body)
	h.types[string(m.Type)]++
	if m.Data.Product != nil {
		h.revisions[m.Data.ProductID] = max(h.revisions[m.Data.ProductID], m.Data.Product.Revision)
	}
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// TestWebhooks: through real processes, one of which is killed again and again, a receiver that keeps
// the highest revision ends equal to the API.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	servers := systemtest.SharedServers(t)
	systemtest.Run(t, "migrate", servers)
	photo := systemtest.NewSource(t).URL + "/rocket.jpg"
	for name, shape := range map[string]map[string]string{"embedded": {"DATA_DIR": t.TempDir()}, "servers": servers} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(shape)
			env["WEBHOOK_ALLOW_PRIVATE"], env["SECRET_KEY"] = "true", strings.Repeat("k", 32)
			api, worker := systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)
			c := api.Client()
			secret := webhook.NewSecret()
			verifier, err := standardwebhooks.NewWebhook(secret.String())
			if err != nil {
				t.Fatal(err)
			}
			h := &hookReceiver{t: t, verifier: verifier, more: make(chan struct{}, 1), ids: map[string]string{}, revisions: map[int64]int64{}, types: map[string]int{}}
			server := httptest.NewServer(h)
			t.Cleanup(server.Close)
			var made wire.CreatedWebhook
			c.Decode(c.Send(http.MethodPost, "/webhooks", fmt.Sprintf(`{"user_id":1,"url":%q,"secret":%q}`, server.URL, secret), http.StatusCreated), &made)
			var paths []string
			for range 5 {
				for range 4 {
					paths = append(paths, c.Create("Lamp", photo))
				}
				worker.Kill()
				worker.AwaitEnd("the death of the worker")
				worker = systemtest.Start(t, "worker", env)
			}
			want := map[int64]int64{}
			for _, path := range paths {
				p := c.Finished(path)
				want[p.ID] = p.Revision
			}
			deadline := time.After(2 * time.Minute)
			for {
				h.mu.Lock()
				same, types := maps.Equal(h.revisions, want), maps.Clone(h.types)
				h.mu.Unlock()
				if same && types["image.ready"] >= len(paths) && types["product.created"] >= len(paths) {
					break
				}
				select {
				case <-h.more:
				case <-deadline:
					t.Fatalf("the receiver has %v of %v; %v", h.revisions, want, types)
				}
			}
		})
	}
}
