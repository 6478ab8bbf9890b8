package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/webhook"
)

// testDeliverLate: an endpoint that fails for long has few rows; when it comes back it gets
// everything.
func testDeliverLate(t *testing.T, s Store) {
	t.Helper()
	e := addWebhook(t, s, shopURL)
	cfg := quickRunner()
	for i := range cfg.Policy.Schedule {
		cfg.Policy.Schedule[i] = time.Hour
	}
	to := newReceiver(func(webhook.Request) webhook.Answer {
		return webhook.Answer{Status: 500, Body: []byte("down\x00\xff")}
	})
	deliver(t, s, s, to, cfg)
	ids := products(t, s, 150)
	until(t, "it is known to fail", func() bool { h, err := s.Webhook(t.Context(), e.ID); return err == nil && h.Failures > 7 })
	waiting := deliveries(t, s, e.ID, webhook.Waiting)
	if len(waiting) < 5 || len(waiting) > 100 {
		t.Errorf("%d rows for %d events", len(waiting), len(ids))
	}
	d := waiting[len(waiting)-1]
	if d.Status != 500 || string(d.Answer) != "down\x00\xff" || !json.Valid(d.Body) || time.Until(d.NextAt) < 40*time.Minute {
		t.Errorf("%+v", d)
	}
	to.set(good)
	until(t, "everything is delivered", func() bool { return len(deliveries(t, s, e.ID, webhook.Delivered)) == len(ids) })
	to.untilHas(t, shopURL, ids)
	if h, err := s.Webhook(t.Context(), e.ID); err != nil || h.Health != (webhook.Health{}) {
		t.Errorf("%+v, %v", h.Health, err)
	}
	to.wantNothingTwice(t)
}

// testDeliverUnnamed: while the ids of events are not known, no event is passed over.
func testDeliverUnnamed(t *testing.T, s Store) {
	t.Helper()
	addWebhook(t, s, shopURL)
	ids := products(t, s, 3)
	to := newReceiver(good)
	var asked atomic.Int64
	deliverWith(t, s, s, to, func(context.Context) (string, error) {
		if asked.Add(1) <= 2 {
			return "", errGone
		}
		return feedEpoch, nil
	}, quickRunner())
	to.untilHas(t, shopURL, ids)
}

// testDeliverGone: 410 disables; when the endpoint is enabled again it goes on where it was.
func testDeliverGone(t *testing.T, s Store) {
	t.Helper()
	e, healthy := addWebhook(t, s, shopURL), addWebhook(t, s, otherURL)
	to := newReceiver(func(w webhook.Request) webhook.Answer {
		if w.URL == shopURL {
			return webhook.Answer{Status: 410}
		}
		return webhook.Answer{Status: 200}
	})
	deliver(t, s, s, to, quickRunner())
	first := products(t, s, 1)
	until(t, "it is disabled", func() bool { g, err := s.Webhook(t.Context(), e.ID); return err == nil && g.Disabled == webhook.ByGone })
	more := products(t, s, 20)
	to.untilHas(t, otherURL, more)
	if n := len(to.requests(shopURL)); n != 1 {
		t.Errorf("%d requests to an endpoint that is gone", n)
	}
	entries, err := s.ListAudit(t.Context(), 0, 1)
	if err != nil || entries[0].Action != "webhook.disable" || entries[0].Target != fmt.Sprintf("webhook:%d", e.ID) {
		t.Errorf("%+v, %v", entries, err)
	}
	to.set(good)
	on := true
	if g, err := webhookService(s).Change(t.Context(), of(user), e.ID, webhook.Patch{Enabled: &on}); err != nil || g.Health != (webhook.Health{}) {
		t.Errorf("%+v, %v", g, err)
	}
	to.untilHas(t, shopURL, append(more, first...))
	if g, err := s.Webhook(t.Context(), healthy.ID); err != nil || g.Failures != 0 {
		t.Errorf("%+v, %v", g, err)
	}
}

// testDeliverSlowed: an endpoint that asks for time is left alone, and others are not.
func testDeliverSlowed(t *testing.T, s Store) {
	t.Helper()
	e := addWebhook(t, s, shopURL)
	addWebhook(t, s, otherURL)
	to := newReceiver(func(w webhook.Request) webhook.Answer {
		if w.URL == shopURL {
			return webhook.Answer{Status: 429, RetryAfter: time.Hour}
		}
		return webhook.Answer{Status: 200}
	})
	deliver(t, s, s, to, quickRunner())
	products(t, s, 1)
	until(t, "it is paused", func() bool {
		g, err := s.Webhook(t.Context(), e.ID)
		return err == nil && time.Until(g.PausedUntil) > 50*time.Minute
	})
	to.untilHas(t, otherURL, products(t, s, 30))
	if n := len(to.requests(shopURL)); n != 1 {
		t.Errorf("%d requests to an endpoint that has asked for an hour", n)
	}
	if w := deliveries(t, s, e.ID, webhook.Waiting); len(w) != 1 || time.Until(w[0].NextAt) < 50*time.Minute {
		t.Errorf("%+v", w)
	}
}

// testDeliverBeside: an endpoint that does not answer holds no other one up.
func testDeliverBeside(t *testing.T, s Store) {
	t.Helper()
	addWebhook(t, s, shopURL)
	addWebhook(t, s, otherURL)
	let := make(chan struct{})
	defer close(let)
	to := newReceiver(func(w webhook.Request) webhook.Answer {
		if w.URL == shopURL {
			<-let
		}
		return webhook.Answer{Status: 200}
	})
	deliver(t, s, s, to, quickRunner())
	to.untilHas(t, otherURL, products(t, s, 100))
	if n := len(to.requests(shopURL)); n > webhook.DefaultRunnerConfig().PerEndpoint {
		t.Errorf("%d requests at once to one endpoint", n)
	}
}

// testDeliverAgain: one, a range, a test, and what is signed while a secret rotates.
func testDeliverAgain(t *testing.T, s Store) {
	t.Helper()
	service, ctx := webhookService(s), t.Context()
	e := addWebhook(t, s, shopURL)
	to := newReceiver(good)
	deliver(t, s, s, to, quickRunner())
	ids := products(t, s, 30)
	until(t, "all are delivered", func() bool { return len(deliveries(t, s, e.ID, webhook.Delivered)) == 30 })
	list := deliveries(t, s, e.ID, "")
	slices.SortFunc(list, func(a, b webhook.Delivery) int { return cmp.Compare(a.EventID, b.EventID) })
	first := list[0]
	if d, err := service.Redeliver(ctx, of(user), e.ID, first.ID); err != nil || d.State != webhook.Waiting {
		t.Errorf("%+v, %v", d, err)
	}
	until(t, "one is delivered again", func() bool { return len(to.requests(shopURL)) == 31 })
	if w := to.requests(shopURL)[30]; w.ID != first.MessageID {
		t.Errorf("%s was sent again, want %s", w.ID, first.MessageID)
	}
	until(t, "that is written", func() bool { return len(deliveries(t, s, e.ID, webhook.Delivered)) == 30 })
	from := func(i int) string { return list[i].MessageID }
	if _, err := service.RedeliverRange(ctx, of(user), e.ID, from(9), from(19)); err != nil {
		t.Error(err)
	}
	until(t, "a range is delivered again", func() bool { return len(to.requests(shopURL)) == 41 })
	got := to.products(t, shopURL)
	for i, id := range ids {
		if want := map[bool]int{true: 2, false: 1}[i >= 10 && i <= 19 || i == 0]; got[id] != want {
			t.Errorf("product %d was told of %d times, want %d", i, got[id], want)
		}
	}
	until(t, "the range is done", func() bool { g, err := s.Webhook(ctx, e.ID); return err == nil && g.Again == webhook.Range{} })

	rotated, secret, err := service.RotateSecret(ctx, of(user), e.ID, "", time.Hour)
	if err != nil || rotated.OldSecret != e.Secret {
		t.Fatalf("%+v, %v", rotated, err)
	}
	old, err := webhook.Box{}.Open(e.Secret, user)
	if err != nil {
		t.Fatal(err)
	}
	wantTest := func(secrets ...webhook.Secret) {
		t.Helper()
		until(t, "a test is signed by the secrets of now", func() bool {
			before := len(to.requests(shopURL))
			d, err := service.Test(ctx, of(user), e.ID, events.ImageFailed)
			if err != nil {
				t.Fatal(err)
			}
			until(t, "the test is sent", func() bool { return len(to.requests(shopURL)) > before })
			w := to.requests(shopURL)[before]
			if w.ID != d.MessageID || !strings.Contains(string(w.Body), `"test":true`) {
				t.Errorf("%s: %s", w.ID, w.Body)
			}
			return w.Signature == webhook.Sign(w.ID, w.At, w.Body, secrets...)
		})
	}
	wantTest(secret, old)
	if _, secret, err = service.RotateSecret(ctx, of(user), e.ID, "", 0); err != nil {
		t.Fatal(err)
	}
	wantTest(secret)
	to.set(func(webhook.Request) webhook.Answer { return webhook.Answer{Status: 500} })
	if _, err := service.Test(ctx, of(user), e.ID, ""); err != nil {
		t.Fatal(err)
	}
	until(t, "a test fails", func() bool { return len(deliveries(t, s, e.ID, webhook.Failed)) == 1 })
	_, err = service.Test(ctx, auth.Everyone(), e.ID, "image.retrying")
	wantField(t, err, "type")
}

// testDeliverAskedAgain: a redelivery that is asked for during an attempt is made after it, however
// that ends.
func testDeliverAskedAgain(t *testing.T, s Store) {
	t.Helper()
	service, ctx := webhookService(s), t.Context()
	e := addWebhook(t, s, shopURL)
	cfg := quickRunner()
	for i := range cfg.Policy.Schedule {
		cfg.Policy.Schedule[i] = time.Hour
	}
	to := newReceiver(good)
	deliver(t, s, s, to, cfg)
	products(t, s, 1)
	until(t, "it is delivered", func() bool { return len(deliveries(t, s, e.ID, webhook.Delivered)) == 1 })
	id := deliveries(t, s, e.ID, "")[0].ID
	for _, status := range []int{200, 500} {
		before := len(to.requests(shopURL))
		let := make(chan struct{})
		to.set(func(webhook.Request) webhook.Answer {
			<-let
			return webhook.Answer{Status: status}
		})
		for i := range 2 {
			if d, err := service.Redeliver(ctx, of(user), e.ID, id); err != nil || d.State != webhook.Waiting || d.Attempts != 0 {
				t.Errorf("%+v, %v", d, err)
			}
			if i == 0 {
				until(t, "an attempt has begun", func() bool { return len(to.requests(shopURL)) == before+1 })
			}
		}
		to.set(good)
		close(let)
		until(t, "there is another one", func() bool { return len(to.requests(shopURL)) == before+2 })
		until(t, "that is written", func() bool { return len(deliveries(t, s, e.ID, webhook.Delivered)) == 1 })
		if d := deliveries(t, s, e.ID, "")[0]; d.Attempts != 1 || d.Status != 200 || len(d.Body) != 0 {
			t.Errorf("after %d: %+v", status, d)
		}
	}
	to.wantNothingTwice(t)
}

// testDeliverAfterPause: a success that ends a pause has what has come meanwhile sent at once, also
// where a failure comes with it, whose event is not due for long.
func testDeliverAfterPause(t *testing.T, s Store) {
	t.Helper()
	e := addWebhook(t, s, shopURL)
	addWebhook(t, s, otherURL)
	succeed, fail := make(chan struct{}), make(chan struct{})
	var requests atomic.Int64
	to := newReceiver(func(w webhook.Request) webhook.Answer {
		if w.URL == shopURL {
			switch requests.Add(1) {
			case 1:
				<-succeed
			case 2:
				<-fail
				return webhook.Answer{Status: 500}
			case 3:
				return webhook.Answer{Status: 429, RetryAfter: time.Hour}
			}
		}
		return webhook.Answer{Status: 200}
	})
	cfg := quickRunner()
	cfg.Idle, cfg.Save, cfg.PerEndpoint = time.Hour, time.Hour, 3
	for i := range cfg.Policy.Schedule {
		cfg.Policy.Schedule[i] = time.Hour
	}
	products(t, s, 3)
	deliver(t, s, s, to, cfg)
	until(t, "it is paused", func() bool {
		g, err := s.Webhook(t.Context(), e.ID)
		return err == nil && time.Until(g.PausedUntil) > 50*time.Minute
	})
	meanwhile := products(t, s, 1)
	to.untilHas(t, otherURL, meanwhile) // so the one that is paused has heard of it too
	close(succeed)
	time.Sleep(100 * time.Millisecond) // the success first: else this shows less
	close(fail)
	to.untilHas(t, shopURL, meanwhile)
}
