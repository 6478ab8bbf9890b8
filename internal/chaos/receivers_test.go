package chaos_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/testserver"
	"vitrine.dev/internal/webhook"
)

// How the receivers of webhooks are, until the faults are over.
const (
	steady = "steady" // takes all
	moody  = "moody"  // fails a part of the first attempts, in every way
	absent = "absent" // cannot be reached for a third of the time
	held   = "held"   // is steady, but for when the injector has it hold its answers back
)

// absence is how long a receiver that is absent can be reached, and then cannot.
const (
	presentFor = 14 * time.Second
	absentFor  = 7 * time.Second
)

// known is what a receiver knows of a product.
type known struct {
	revision int64
	deleted  bool
}

// receiver is where one user has webhooks sent. It keeps the highest revision of each product that
// it was told of, as the documentation advises.
type receiver struct {
	how      string
	user     int64
	types    []events.Type // nil: all that there are for webhooks
	id       int64         // of the webhook
	url      string        // of its link
	link     *testserver.TCPProxy
	verifier *standardwebhooks.Webhook

	mu       sync.Mutex
	rng      *rand.Rand
	back     bool                // the faults are over
	release  chan struct{}       // not nil: answers are held back until it is closed
	holding  int                 // of them
	bodies   map[string][32]byte // by webhook-id
	asked    map[string]int      // how often
	taken    map[int64]bool      // events that were answered with success
	products map[int64]known
	answers  map[string]int // how requests were answered
	wrong    []string
}

// newReceivers has each user of the load, and the first who imports, be sent webhooks.
func newReceivers(sys *system, seed uint64) (list []*receiver) {
	sys.t.Helper()
	told := []events.Type{events.ProductCreated, events.ProductUpdated, events.ProductDeleted, events.ImageReady, events.ImageFailed, events.ImportCompleted}
	for n, rc := range []*receiver{
		{how: steady, user: 1},
		{how: moody, user: 2},
		{how: absent, user: 3, types: []events.Type{events.ImageReady, events.ImageFailed, events.ProductDeleted}},
		{how: held, user: 4},
		{how: moody, user: importUser, types: told},
	} {
		rc.rng = rand.New(rand.NewPCG(seed, uint64(2000+n)))
		rc.bodies, rc.asked, rc.taken = map[string][32]byte{}, map[string]int{}, map[int64]bool{}
		rc.products, rc.answers = map[int64]known{}, map[string]int{}
		server := httptest.NewServer(rc)
		sys.t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		rc.link = testserver.Proxy(sys.t, strings.TrimPrefix(server.URL, "http://"))
		rc.url = "http://" + rc.link.Addr() + "/hooks"
		rc.register(sys)
		list = append(list, rc)
	}
	return list
}

// register makes the webhook.
func (rc *receiver) register(sys *system) {
	sys.t.Helper()
	secret := webhook.NewSecret()
	var err error
	if rc.verifier, err = standardwebhooks.NewWebhook(secret.String()); err != nil {
		sys.t.Fatal(err)
	}
	order := map[string]any{"user_id": rc.user, "url": rc.url, "secret": secret.String()}
	if rc.types != nil {
		order["types"] = rc.types
	}
	c := &client{sys: sys, past: &history{began: time.Now()}, http: http.DefaultClient}
	a := c.ask(sys.t.Context(), &event{}, sys.apis[0], http.MethodPost, "/webhooks", map[string]string{"Content-Type": jsonType}, order)
	var made wire.Webhook
	if err := json.Unmarshal(a.body, &made); a.status != http.StatusCreated || err != nil {
		sys.t.Fatalf("a webhook was answered %d: %s, %v", a.status, a.body, err)
	}
	rc.id = made.ID
}

// wants reports whether it is to be sent events of the type.
func (rc *receiver) wants(t events.Type) bool {
	if rc.types == nil {
		return slices.Contains(webhook.Types(), t)
	}
	return slices.Contains(rc.types, t)
}

// complete reports whether it is told of every change of a product.
func (rc *receiver) complete() bool {
	return !slices.ContainsFunc(webhook.Types(), func(t events.Type) bool { return !rc.wants(t) })
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhook.MaxBodyBytes))
	if err != nil { // it was broken off
		panic(http.ErrAbortHandler)
	}
	var m webhook.Message
	if err = rc.verifier.Verify(body, r.Header); err == nil {
		err = json.Unmarshal(body, &m)
	}
	id := r.Header.Get("webhook-id")
	if err != nil || id != m.ID {
		rc.note("wrong: " + string(body))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	how, release := rc.begin(id, body)
	if release != nil {
		waitFor(r.Context(), release)
		rc.released()
	}
	switch how {
	case "hangs":
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case "closes":
		panic(http.ErrAbortHandler)
	case "answers 500":
		w.WriteHeader(http.StatusInternalServerError)
	case "answers 500, having taken it":
		rc.keep(m)
		w.WriteHeader(http.StatusInternalServerError)
	case "answers 503":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case "answers late":
		pause(r.Context(), 2*time.Second)
		fallthrough
	default:
		rc.keep(m)
		w.WriteHeader(http.StatusNoContent)
		rc.take(m)
	}
}

// begin notes a request, and says how it is answered.
func (rc *receiver) begin(id string, body []byte) (how string, release <-chan struct{}) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	sum := sha256.Sum256(body)
	if before, again := rc.bodies[id]; again && before != sum {
		rc.wrong = append(rc.wrong, id+" was sent with two bodies")
	}
	rc.bodies[id] = sum
	rc.asked[id]++
	how = "takes it"
	if rc.how == moody && !rc.back && rc.asked[id] <= 2 {
		switch dice := rc.rng.IntN(200); {
		case dice < 1:
			how = "hangs"
		case dice < 8:
			how = "closes"
		case dice < 20:
			how = "answers 500"
		case dice < 28:
			how = "answers 500, having taken it"
		case dice < 32:
			how = "answers 503"
		case dice < 36:
			how = "answers late"
		}
	}
	if rc.release != nil {
		rc.holding++
	}
	rc.answers[how]++
	return how, rc.release
}

func (rc *receiver) released() {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.holding--
}

func (rc *receiver) note(wrong string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.wrong = append(rc.wrong, wrong)
}

// keep keeps the highest revision of the product.
func (rc *receiver) keep(m webhook.Message) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if p := m.Data.Product; p != nil && p.Revision > rc.products[m.Data.ProductID].revision {
		rc.products[m.Data.ProductID] = known{p.Revision, m.Type == events.ProductDeleted}
	}
}

func (rc *receiver) take(m webhook.Message) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.taken[m.Data.Sequence] = true
}

// comeAndGo has a receiver that is absent be so until ctx ends.
func (rc *receiver) comeAndGo(ctx context.Context) {
	for rc.how == absent && pause(ctx, presentFor) {
		rc.link.Cut()
		pause(ctx, absentFor)
		rc.link.Restore()
	}
}

// comesBack ends whatever is the matter with it.
func (rc *receiver) comesBack() {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.back = true
}

// hold has all of its answers be held back until the end is called.
func (rc *receiver) hold() (end func()) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.release = make(chan struct{})
	return func() {
		rc.mu.Lock()
		defer rc.mu.Unlock()
		close(rc.release)
		rc.release = nil
	}
}

func (rc *receiver) held() int {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.holding
}
