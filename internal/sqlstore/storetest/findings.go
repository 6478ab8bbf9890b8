package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/webhook"
)

// testFacts: what findings are made of, beside the queue and the failures.
func testFacts(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	lags := func() []findings.Reader {
		t.Helper()
		list, err := s.ReaderLags(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(list, func(r findings.Reader) bool { return r.Name == "suite" }) // newEvents is one
	}
	if _, err := s.LeaseReader(ctx, "behind", "a", time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := lags(); len(got) != 1 || got[0] != (findings.Reader{Name: "behind"}) {
		t.Errorf("of an empty log: %+v", got)
	}
	create(t, s)
	first := newEvents(t, s)[0].OccurredAt
	create(t, s)
	if got := lags(); len(got) != 1 || got[0].Behind != 2 || !got[0].Oldest.Equal(first) {
		t.Errorf("of two events, the first at %s: %+v", first, got)
	}
	if err := s.SaveReader(ctx, "behind", "a", 1<<40, time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := lags(); got[0].Behind != 0 || !got[0].Oldest.IsZero() {
		t.Errorf("at the end: %+v", got)
	}

	troubled := func(want ...int64) (list []findings.Webhook) {
		t.Helper()
		list, err := s.TroubledWebhooks(ctx, 10)
		var ids []int64
		for _, w := range list {
			ids = append(ids, w.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Fatalf("%+v, %v; want %v", list, err, want)
		}
		return list
	}
	fine, failing, gone, asked := addWebhook(t, s, "https://a.example/"), addWebhook(t, s, "https://b.example/"), addWebhook(t, s, "https://c.example/"), addWebhook(t, s, "https://d.example/")
	troubled()
	if _, err := s.ClaimWebhooks(ctx, "h"); err != nil {
		t.Fatal(err)
	}
	since := time.Now().Add(-time.Hour).Truncate(time.Millisecond).UTC()
	for id, health := range map[int64]webhook.Health{
		fine.ID: {}, failing.ID: {Failures: 7, FailingSince: since}, asked.ID: {Failures: 1, FailingSince: since, Disabled: webhook.ByRequest, DisabledAt: since},
		gone.ID: {Failures: 1, FailingSince: since, Disabled: webhook.ByGone, DisabledAt: since.Add(time.Minute)},
	} {
		tried := webhook.Delivery{WebhookID: id, EventID: 1, MessageID: "m", Type: events.ImageReady, State: webhook.Waiting, Body: []byte("{}")}
		_, err := s.RecordOutcome(ctx, id, "h", webhook.Outcome{Results: []webhook.Result{{Delivery: tried, Wait: time.Hour}}}, func(webhook.Health, time.Time) (webhook.Health, bool) { return health, false })
		if err != nil {
			t.Fatal(err)
		}
	}
	list := troubled(failing.ID, gone.ID)
	if list[0] != (findings.Webhook{ID: failing.ID, UserID: user, Failures: 7, Since: since}) ||
		list[1] != (findings.Webhook{ID: gone.ID, UserID: user, Failures: 1, Since: since.Add(time.Minute), Disabled: "gone"}) {
		t.Errorf("in trouble are %+v", list)
	}

	i := importOf(t, s, imports.Order{}, line("", "P1"))
	if list, err := s.PausedImports(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("none is paused: %+v, %v", list, err)
	}
	if _, err := i.service.Pause(ctx, auth.Everyone(), i.id); err != nil {
		t.Fatal(err)
	}
	if list, err := s.PausedImports(ctx, 10); err != nil || len(list) != 1 || list[0].ID != i.id || list[0].UserID != user {
		t.Errorf("one is paused: %+v, %v", list, err)
	}
}

// testFailingHosts: those come first that most images are parked for.
func testFailingHosts(t *testing.T, s Store) {
	t.Helper()
	for _, host := range []string{"a", "b", "c"} {
		record(t, s, failing(host, 0, 5, timeout())...)
	}
	record(t, s, media.Fetch{Host: "d", URL: 1, Failure: timeout(), Took: time.Second}, media.Fetch{Host: "e", URL: 1, Took: time.Second})
	var urls []string
	for n := range dispatch.ComparedMost/10 + 2 {
		urls = append(urls, fmt.Sprintf("http://b/%d.jpg", n))
	}
	create(t, s, append(urls[:8:8], "http://d/1.jpg", "http://e/1.jpg")...)
	create(t, s, append(urls[8:], "http://c/1.jpg")...)
	limited(t, s)
	want := []string{fmt.Sprintf("b open %d 0", len(urls)), "c open 1 0", "a open 0 0"}
	for limit := range len(want) + 1 {
		hosts, err := inspector(s).Failing(t.Context(), limit)
		var got []string
		for _, h := range hosts {
			got = append(got, fmt.Sprintf("%s %s %d %d", h.Name, h.State, h.Parked, h.Limit))
			if h.FailingAt == 0 || h.Now < h.FailingAt || h.Failures != 5 || h.Reason == "" {
				t.Errorf("host is %+v", h)
			}
		}
		if err != nil || !slices.Equal(got, want[:limit]) {
			t.Errorf("the first %d are %v, %v; want %v", limit, got, err, want[:limit])
		}
	}
}
