package storetest

import (
	"context"
	"fmt"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/tracing"
)

// testTraces: the trace of the request that asks for work is in the image's jobs until another
// request asks for it.
func testTraces(t *testing.T, s Store) {
	t.Helper()
	n := 0
	request := func() (context.Context, string) {
		n++
		sent := fmt.Sprintf("00-4bf92f3577b34da6a3ce929d0e0e47%02d-00f067aa0ba902b7-01", n)
		return tracing.With(t.Context(), sent), sent
	}
	wantJob := func(what, want string) media.Job {
		t.Helper()
		list := jobs(t, s)
		if len(list) != 1 || list[0].Traceparent != want {
			t.Fatalf("%s: the jobs are %+v, want one of %q", what, list, want)
		}
		return list[0]
	}
	newProduct := catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{"http://a/1.jpg"}, Price: 100}

	ctx, sent := request()
	p, err := s.CreateProduct(ctx, newProduct)
	if err != nil {
		t.Fatal(err)
	}
	c := begin(t, s, wantJob("a create", sent))
	if _, err := s.Retry(t.Context(), c, fault.Fail(fault.SourceTimeout, "Slow.", nil), 0); err != nil {
		t.Fatal(err)
	}
	c = begin(t, s, wantJob("a retry", sent))
	if _, err := s.Fail(t.Context(), c, fault.Fail(fault.SourceNotFound, "Gone.", nil)); err != nil {
		t.Fatal(err)
	}

	everyone := func(int64) bool { return true }
	ctx, sent = request()
	if _, _, err := s.ReplayImage(ctx, p.ID, c.ImageID, everyone, "req-2"); err != nil {
		t.Fatal(err)
	}
	complete(t, s, begin(t, s, wantJob("a replay", sent)), "k1")
	ctx, sent = request()
	if err := s.RefreshImage(ctx, p.ID, c.ImageID, everyone, "req-3"); err != nil {
		t.Fatal(err)
	}
	complete(t, s, begin(t, s, wantJob("a refresh", sent)), "k1")
	if err := s.RefreshImage(t.Context(), p.ID, c.ImageID, everyone, "req-4"); err != nil {
		t.Fatal(err)
	}
	complete(t, s, begin(t, s, wantJob("a refresh without a trace", "")), "k1")

	ctx, sent = request()
	j := refreshJob(t, s, refresh.Filter{})
	if j.Traceparent != "" {
		t.Errorf("a job without a trace has %q", j.Traceparent)
	}
	if j, err = s.CreateJob(ctx, j); err != nil || j.Traceparent != sent {
		t.Errorf("a job has the trace %q, want %q: %v", j.Traceparent, sent, err)
	}

	ctx, sent = request()
	once := catalog.Once{Key: "k", Fingerprint: [32]byte{1}, TTL: catalog.DefaultKeyTTL}
	if _, _, err := s.CreateProductOnce(ctx, newProduct, once); err != nil {
		t.Fatal(err)
	}
	complete(t, s, begin(t, s, wantJob("a create under a key", sent)), "k2")
	if _, _, err := s.ReplayImages(t.Context(), nil, "req-5"); err != nil {
		t.Fatal(err)
	}
	broken(t, s, fault.SourceNotFound, "http://a/3.jpg")
	ctx, sent = request()
	for _, l := range letters(t, s, failures.Filter{}) {
		if _, _, err := s.ReplayImages(ctx, []int64{l.ID.N}, "req-6"); err != nil {
			t.Fatal(err)
		}
	}
	wantJob("replays of many", sent)
}
