package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/webhook"
)

// receiver:begin

// Receiver keeps the highest revision of each product that it was told of, in whatever order
// webhooks arrive, and however often.
type Receiver struct {
	Verifier *standardwebhooks.Webhook // of the secret

	mu       sync.Mutex
	Products map[int64]State // by id; keep it in a database
}

// State is what is known of a product.
type State struct {
	Revision int64
	Deleted  bool
}

func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 20_000))
	if err != nil || rc.Verifier.Verify(body, r.Header) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var m struct {
		Type string
		Test bool
		Data struct {
			ProductID int64 `json:"product_id"`
			Product   struct{ Revision int64 }
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !m.Test && m.Data.ProductID != 0 {
		rc.mu.Lock()
		if m.Data.Product.Revision > rc.Products[m.Data.ProductID].Revision { // else it is old, or a repetition
			rc.Products[m.Data.ProductID] = State{m.Data.Product.Revision, m.Type == "product.deleted"}
		}
		rc.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent) // now read the product from the API, in the background
}

// receiver:end

// TestReceiver sends the life of some products in every order and with repetitions to the
// receiver of the documentation: it ends with the last revisions.
func TestReceiver(t *testing.T) {
	t.Parallel()
	secret := webhook.NewSecret()
	v, err := standardwebhooks.NewWebhook(secret.String())
	if err != nil {
		t.Fatal(err)
	}
	rc := &Receiver{Verifier: v, Products: map[int64]State{}}
	var bodies [][2]string
	want := map[int64]State{}
	for product := range int64(5) {
		for revision := range 2 + product {
			e := events.Event{
				ID: 10*product + revision, Type: events.ProductUpdated, ProductID: product + 1, UserID: 1, Revision: revision + 1, Version: 1, OccurredAt: time.Now(),
			}
			if revision == 1+product && product%2 == 0 {
				e.Type = events.ProductDeleted
			}
			body, err := webhook.BodyOf(e, "ab")
			if err != nil {
				t.Fatal(err)
			}
			want[product+1] = State{revision + 1, e.Type == events.ProductDeleted}
			bodies = append(bodies, [2]string{fmt.Sprintf("evt_ab_%d", e.ID), string(body)})
		}
	}
	bodies = append(bodies, bodies...)
	rand.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	send := func(id, body, signed string) int {
		now := time.Now()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("webhook-id", id)
		r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("webhook-signature", webhook.Sign(id, now, []byte(signed), secret))
		w := httptest.NewRecorder()
		rc.ServeHTTP(w, r)
		return w.Code
	}
	for _, b := range bodies {
		if status := send(b[0], b[1], b[1]); status != http.StatusNoContent {
			t.Errorf("%s: %d", b[0], status)
		}
	}
	if !maps.Equal(rc.Products, want) {
		t.Errorf("it has %v, want %v", rc.Products, want)
	}
	if status := send("evt_ab_99", `{"type":"product.deleted"}`, "{}"); status != http.StatusBadRequest {
		t.Errorf("a wrong signature: %d", status)
	}
}

// TestReceiverIsDocumented: docs/webhooks.md shows that very text.
func TestReceiverIsDocumented(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("receiver_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := bytes.Cut(source, []byte("// receiver:begin\n"))
	code, _, found := bytes.Cut(code, []byte("// receiver:end"))
	if !found || !bytes.Contains(page, bytes.TrimSpace(code)) {
		t.Error("docs/webhooks.md shows another receiver")
	}
}
