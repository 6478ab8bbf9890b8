package storetest

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/webhook"
)

// testDeliver: each endpoint is sent the events of its user and types that follow its
// creation, once each, signed; the log of deliveries has them.
func testDeliver(t *testing.T, s Store) {
	t.Helper()
	old := create(t, s)
	all, deleted := addWebhook(t, s, shopURL), addWebhook(t, s, otherURL, events.ProductDeleted)
	to := newReceiver(good)
	stop := deliver(t, s, s, to, quickRunner())
	ids := products(t, s, 60)
	lampFor(t, s, MoreUsers()[0])
	if _, err := s.DeleteProduct(t.Context(), ids[0], Unchecked); err != nil {
		t.Fatal(err)
	}
	to.untilHas(t, shopURL, ids)
	to.untilHas(t, otherURL, ids[:1])
	until(t, "the log has all", func() bool { return len(deliveries(t, s, all.ID, webhook.Delivered)) == 61 })
	stop()
	got := to.products(t, shopURL)
	if len(got) != 60 || got[ids[0]] != 2 || got[ids[1]] != 1 || got[old.ID] != 0 || len(to.requests(shopURL)) != 61 || len(to.requests(otherURL)) != 1 {
		t.Errorf("sent %v and %d", got, len(to.requests(otherURL)))
	}
	if n := to.observed(webhook.Delivered); n != 62 || to.observed(webhook.Waiting)+to.observed(webhook.Failed) != 0 {
		t.Errorf("an observer was told of %d deliveries, want 62", n)
	}
	secret, err := webhook.Box{}.Open(all.Secret, user)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range to.requests(shopURL) {
		if w.Signature != webhook.Sign(w.ID, w.At, w.Body, secret) || !strings.HasPrefix(w.ID, "evt_"+feedEpoch+"_") {
			t.Errorf("%s is signed %s", w.ID, w.Signature)
		}
	}
	if d := deliveries(t, s, deleted.ID, "")[0]; d.Type != events.ProductDeleted || d.Status != 200 || d.Attempts != 1 || len(d.Body) != 0 || d.AttemptedAt.IsZero() {
		t.Errorf("%+v", d)
	}
	if e, err := s.Webhook(t.Context(), all.ID); err != nil || len(e.Outstanding) != 0 || e.Position < all.Position+61 {
		t.Errorf("%+v, %v", e, err)
	}
	deliver(t, s, s, to, quickRunner())
	more := products(t, s, 1)
	to.untilHas(t, shopURL, more)
	if n := len(to.requests(shopURL)); n != 62 {
		t.Errorf("%d requests after another process went on, want 62", n)
	}
}

// dying is an outbox whose process dies between the delivery of some and what it would
// have written of them.
type dying struct {
	Store

	left atomic.Int64
	dead chan struct{}
	once sync.Once
}

func (d *dying) RecordOutcome(ctx context.Context, id int64, holder string, w webhook.Outcome, judge webhook.Judge) (webhook.Recorded, error) {
	if len(w.Results) > 0 && d.left.Add(-1) < 0 {
		d.once.Do(func() { close(d.dead) })
		return webhook.Recorded{}, fault.New(fault.Conflict, "dead")
	}
	return d.Store.RecordOutcome(ctx, id, holder, w, judge)
}

// testDeliverCrash: processes die after they have delivered and before that is written.
// Nothing is lost, and what is repeated has the same id.
func testDeliverCrash(t *testing.T, s Store) {
	t.Helper()
	addWebhook(t, s, shopURL)
	var n atomic.Int64
	to := newReceiver(func(webhook.Request) webhook.Answer {
		if n.Add(1)%7 == 0 {
			return webhook.Answer{Status: 500}
		}
		return webhook.Answer{Status: 200}
	})
	ids := products(t, s, 200)
	for i := range 5 {
		d := &dying{Store: s, dead: make(chan struct{})}
		d.left.Store(int64(i))
		stop := deliver(t, s, d, to, quickRunner())
		select {
		case <-d.dead:
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was delivered")
		}
		stop()
	}
	deliver(t, s, s, to, quickRunner())
	to.untilHas(t, shopURL, ids)
	byProduct := map[int64]string{}
	for _, w := range to.requests(shopURL) {
		var m webhook.Message
		if err := json.Unmarshal(w.Body, &m); err != nil {
			t.Fatal(err)
		}
		if before, there := byProduct[m.Data.ProductID]; there && before != w.ID {
			t.Errorf("product %d was told of as %s and %s", m.Data.ProductID, before, w.ID)
		}
		byProduct[m.Data.ProductID] = w.ID
	}
	to.wantNothingTwice(t)
	if len(to.requests(shopURL)) <= len(ids) {
		t.Error("nothing was repeated: no process died in between")
	}
}

// testDeliverTogether: of several processes one delivers, and another goes on when it stops.
func testDeliverTogether(t *testing.T, s Store) {
	t.Helper()
	addWebhook(t, s, shopURL)
	to := newReceiver(good)
	cfg := quickRunner()
	cfg.Timeout, cfg.Lease = time.Second, 3*time.Second
	stops := []func(){deliver(t, s, s, to, cfg), deliver(t, s, s, to, cfg), deliver(t, s, s, to, cfg)}
	var all []int64
	for _, stop := range stops[:2] {
		ids := products(t, s, 20)
		to.untilHas(t, shopURL, ids)
		stop()
		all = append(all, ids...)
	}
	ids := products(t, s, 20)
	to.untilHas(t, shopURL, ids)
	to.wantNothingTwice(t)
	if got := to.products(t, shopURL); len(got) != len(all)+len(ids) {
		t.Errorf("of %d products, %d were told of", len(all)+len(ids), len(got))
	}
}

// testDeliverBesideOneFailure: a single failure does not have the endpoint tried with one request at a
// time, which a slow one would hold up.
func testDeliverBesideOneFailure(t *testing.T, s Store) {
	t.Helper()
	addWebhook(t, s, shopURL)
	third := make(chan struct{})
	var requests atomic.Int64
	to := newReceiver(func(webhook.Request) webhook.Answer {
		switch requests.Add(1) {
		case 1:
			return webhook.Answer{Status: 500}
		case 2:
			select {
			case <-third:
			case <-t.Context().Done():
			}
		case 3:
			close(third)
		}
		return webhook.Answer{Status: 200}
	})
	cfg := quickRunner()
	cfg.PerEndpoint = 2
	for i := range cfg.Policy.Schedule {
		cfg.Policy.Schedule[i] = time.Hour
	}
	products(t, s, 3)
	deliver(t, s, s, to, cfg)
	until(t, "the third is sent beside the second", func() bool { return requests.Load() >= 3 }) // the first is sent again once it recovers
}
