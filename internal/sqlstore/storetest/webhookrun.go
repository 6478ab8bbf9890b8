package storetest

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/webhook"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// receiver is all endpoints: it notes what each is sent.
type receiver struct {
	mu     sync.Mutex
	got    map[string][]webhook.Request // by URL
	flying map[string]int               // by URL and id
	twice  []string                     // what was sent twice at once
	answer func(webhook.Request) webhook.Answer
	states map[webhook.State]int // that an observer was told of
}

func newReceiver(answer func(webhook.Request) webhook.Answer) *receiver {
	return &receiver{got: map[string][]webhook.Request{}, flying: map[string]int{}, answer: answer, states: map[webhook.State]int{}}
}

func (r *receiver) observe(s webhook.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states[s]++
}

// observed returns how many requests ended so.
func (r *receiver) observed(s webhook.State) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[s]
}

func good(webhook.Request) webhook.Answer { return webhook.Answer{Status: 200} }

func (*receiver) Check(string) string { return "" }

func (r *receiver) Send(ctx context.Context, w webhook.Request) webhook.Answer {
	one := w.URL + " " + w.ID
	r.mu.Lock()
	r.got[w.URL] = append(r.got[w.URL], w)
	if r.flying[one]++; r.flying[one] > 1 {
		r.twice = append(r.twice, one)
	}
	answer := r.answer
	r.mu.Unlock()
	a := answer(w)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying[one]--
	if ctx.Err() != nil {
		return webhook.Answer{Failure: "cut off"}
	}
	return a
}

func (r *receiver) set(answer func(webhook.Request) webhook.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// requests are those that the URL was sent.
func (r *receiver) requests(url string) []webhook.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got[url])
}

// products are those of which the URL was told, each how often.
func (r *receiver) products(t *testing.T, url string) map[int64]int {
	t.Helper()
	counts := map[int64]int{}
	for _, w := range r.requests(url) {
		var m webhook.Message
		if err := json.Unmarshal(w.Body, &m); err != nil || m.ID != w.ID || m.Data.Sequence == 0 || m.Data.Product.Revision == 0 {
			t.Errorf("%s: %s, %v", w.ID, w.Body, err)
		}
		counts[m.Data.ProductID]++
	}
	return counts
}

func (r *receiver) wantNothingTwice(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.twice) > 0 {
		t.Errorf("sent twice at once: %q", r.twice)
	}
}

// quickRunner is a configuration without the waits of days.
func quickRunner() webhook.RunnerConfig {
	cfg := webhook.DefaultRunnerConfig()
	cfg.Poll, cfg.Save, cfg.Drain = 20*time.Millisecond, 5*time.Millisecond, 5*time.Second
	cfg.Policy.PauseMin, cfg.Policy.PauseMax = 10*time.Millisecond, 40*time.Millisecond
	for i := range cfg.Policy.Schedule {
		cfg.Policy.Schedule[i] = time.Duration(i+1) * 10 * time.Millisecond
	}
	return cfg
}

// deliver runs a Runner until stop is called, or the test ends.
func deliver(t *testing.T, s Store, outbox webhook.Outbox, to webhook.Sender, cfg webhook.RunnerConfig) (stop func()) {
	t.Helper()
	return deliverWith(t, s, outbox, to, func(context.Context) (string, error) { return feedEpoch, nil }, cfg)
}

func deliverWith(
	t *testing.T, s Store, outbox webhook.Outbox, to webhook.Sender, epoch func(context.Context) (string, error), cfg webhook.RunnerConfig,
) (stop func()) {
	t.Helper()
	log := discard()
	var observe func(webhook.State)
	if r, ok := to.(*receiver); ok {
		observe = r.observe
	}
	r := webhook.NewRunner(webhook.Parts{
		Observe: observe,
		Outbox:  outbox, Leases: s, Horizon: events.NewHorizon(s, events.DefaultHorizonConfig(), log), Sender: to, Epoch: epoch, Log: log,
	}, cfg)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(stop)
	return stop
}

func products(t *testing.T, s Store, n int) (ids []int64) {
	t.Helper()
	for range n {
		ids = append(ids, create(t, s).ID)
	}
	return ids
}

func (r *receiver) untilHas(t *testing.T, url string, ids []int64) {
	t.Helper()
	until(t, url+" has all events", func() bool {
		got := r.products(t, url)
		return !slices.ContainsFunc(ids, func(id int64) bool { return got[id] == 0 })
	})
}

func deliveries(t *testing.T, s Store, id int64, state webhook.State) []webhook.Delivery {
	t.Helper()
	list, err := s.ListDeliveries(t.Context(), id, state, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const shopURL, otherURL = "https://shop.example/", "https://other.example/"
