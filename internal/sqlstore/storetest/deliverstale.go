package storetest

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/webhook"
)

// lateClaims reads the endpoints, and once armed returns what it has read only when the endpoint is disabled.
type lateClaims struct {
	webhook.Outbox

	armed    atomic.Bool
	disabled func() bool
	looks    atomic.Int64
}

func (l *lateClaims) ClaimWebhooks(ctx context.Context, holder string) ([]webhook.Claim, error) {
	claims, err := l.Outbox.ClaimWebhooks(ctx, holder)
	for l.armed.Load() && !l.disabled() && ctx.Err() == nil {
		runtime.Gosched()
	}
	l.looks.Add(1)
	return claims, err
}

// testDeliverStale: what was read of an endpoint before it was disabled has nothing sent to it again.
func testDeliverStale(t *testing.T, s Store) {
	t.Helper()
	e := addWebhook(t, s, shopURL)
	to := newReceiver(func(webhook.Request) webhook.Answer { return webhook.Answer{Status: 410} })
	late := &lateClaims{Outbox: s, disabled: func() bool { g, err := s.Webhook(t.Context(), e.ID); return err == nil && g.Disabled == webhook.ByGone }}
	deliver(t, s, late, to, quickRunner())
	looked := func(more int64) {
		before := late.looks.Load()
		until(t, "the endpoints are looked at", func() bool { return late.looks.Load() >= before+more })
	}
	looked(2)
	late.armed.Store(true)
	products(t, s, 1)
	until(t, "it is disabled", late.disabled)
	looked(3)
	if n := len(to.requests(shopURL)); n != 1 {
		t.Errorf("%d requests to an endpoint that is gone", n)
	}
}
