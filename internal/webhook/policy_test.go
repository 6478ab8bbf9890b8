package webhook_test

import (
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/webhook"
)

var start = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// TestSchedule: an event is tried ten times, as the specification's table says, give or take
// a fifth, and then has failed.
func TestSchedule(t *testing.T) {
	t.Parallel()
	p, d := webhook.DefaultPolicy(), webhook.Delivery{EventID: 1, Body: []byte("{}")}
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, wait := range want {
		r := p.Result(d, webhook.Answer{Status: 500, Body: []byte("no")})
		if d = r.Delivery; d.State != webhook.Waiting || d.Attempts != i+1 || r.Wait < wait*4/5 || r.Wait > wait*6/5 || string(d.Answer) != "no" {
			t.Errorf("attempt %d: %+v", i+1, r)
		}
	}
	if r := p.Result(d, webhook.Answer{Failure: "late"}); r.State != webhook.Failed || r.Attempts != 10 || r.Wait != 0 || r.Failure != "late" || len(r.Body) == 0 {
		t.Errorf("the last: %+v", r)
	}
	if r := p.Result(d, webhook.Answer{Status: 204}); r.State != webhook.Delivered || r.Body != nil || r.Delivery.Answer != nil {
		t.Errorf("delivered: %+v", r)
	}
	if r := p.Result(webhook.Delivery{}, webhook.Answer{Status: 500}); r.State != webhook.Failed {
		t.Errorf("a test is tried again: %+v", r)
	}
	if r := p.Result(webhook.Delivery{EventID: 1}, webhook.Answer{Status: 503, RetryAfter: time.Hour}); r.Wait != time.Hour {
		t.Errorf("asked for an hour: %s", r.Wait)
	}
}

// TestHealth: when an endpoint is paused, warned of and disabled.
func TestHealth(t *testing.T) {
	t.Parallel()
	p := webhook.DefaultPolicy()
	var h webhook.Health
	for i := range 4 {
		h = p.After(h, webhook.Answer{Status: 500}, start.Add(time.Duration(i)*time.Second))
	}
	if !h.PausedUntil.IsZero() || h.Failures != 4 || !h.FailingSince.Equal(start) {
		t.Errorf("after four failures %+v", h)
	}
	for range 100 {
		h = p.After(h, webhook.Answer{Failure: "The host was too slow."}, start.Add(time.Minute))
	}
	if pause := h.PausedUntil.Sub(start.Add(time.Minute)); pause < 8*time.Minute || pause > 12*time.Minute {
		t.Errorf("paused for %s", pause)
	}
	h = p.After(h, webhook.Answer{Status: 404}, start.Add(24*time.Hour-1))
	if !h.WarnedAt.IsZero() {
		t.Errorf("warned within a day: %+v", h)
	}
	h = p.After(h, webhook.Answer{Status: 404}, start.Add(24*time.Hour))
	if h.WarnedAt.IsZero() || h.Disabled != webhook.NotDisabled {
		t.Errorf("after a day: %+v", h)
	}
	if good := p.After(h, webhook.Answer{Status: 200}, start.Add(25*time.Hour)); good != (webhook.Health{}) {
		t.Errorf("after a success: %+v", good)
	}
	end := start.Add(120 * time.Hour)
	if h = p.After(h, webhook.Answer{Status: 404}, end); h.Disabled != webhook.ByFailing || !h.DisabledAt.Equal(end) {
		t.Errorf("after five days: %+v", h)
	}
	if h = p.After(webhook.Health{}, webhook.Answer{Status: 410}, start); h.Disabled != webhook.ByGone {
		t.Errorf("after 410: %+v", h)
	}
	if h = p.After(webhook.Health{Disabled: webhook.ByRequest, DisabledAt: end}, webhook.Answer{Status: 200}, start); h.Disabled != webhook.ByRequest {
		t.Errorf("a success enables what was disabled: %+v", h)
	}
	for status, asked := range map[int]time.Duration{429: time.Hour, 502: time.Hour, 504: 0, 503: time.Hour, 500: 0} {
		h := p.After(webhook.Health{}, webhook.Answer{Status: status, RetryAfter: asked}, start)
		pause := h.PausedUntil.Sub(start)
		if slows := status != 500; slows != (pause >= max(asked, 4*time.Second) && pause < 100*time.Hour) {
			t.Errorf("%d, %s: paused for %s", status, asked, pause)
		}
	}
}

// TestMessage: what receivers rely on, field for field.
func TestMessage(t *testing.T) {
	t.Parallel()
	e := events.Event{
		ID: 9, Type: events.ImageFailed, ProductID: 4, ImageID: 7, UserID: 2, Revision: 6, Version: 3, OccurredAt: start,
		Data: events.Data{Reason: "source_timeout", Attempt: 2},
	}
	const want = `{"id":"evt_ab_9","type":"image.failed","timestamp":"2026-11-27T12:00:00Z","data":{"sequence":9,"product_id":4,"image_id":7,"user_id":2,` +
		`"product":{"revision":6,"version":3},"reason":"source_timeout","attempt":2}}`
	if got, err := webhook.BodyOf(e, "ab"); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	e.Data.Reason = strings.Repeat("x", webhook.MaxBodyBytes)
	if _, err := webhook.BodyOf(e, "ab"); err == nil {
		t.Error("a large body was encoded")
	}
}
