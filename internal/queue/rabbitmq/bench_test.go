package rabbitmq_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/outbox"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

// backlog is an outbox in memory, for the relay to empty.
type backlog struct {
	mu      sync.Mutex
	waiting []outbox.Message
	left    int
	empty   chan struct{}
}

func newBacklog(n int) *backlog {
	b := &backlog{left: n, empty: make(chan struct{})}
	for i := range n {
		body := fmt.Appendf(nil, `{"image_id":%d,"product_id":%d,"generation":1,"request_id":"0123456789abcdef"}`, i, i)
		b.waiting = append(b.waiting, outbox.Message{ID: int64(i), Body: body})
	}
	return b
}

func (b *backlog) LeaseMessages(_ context.Context, _ string, limit int, _ time.Duration) ([]outbox.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit = min(limit, len(b.waiting))
	leased := b.waiting[:limit]
	b.waiting = b.waiting[limit:]
	return leased, nil
}

func (b *backlog) DeleteMessages(_ context.Context, ids []int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left -= len(ids); b.left == 0 {
		close(b.empty)
	}
	return nil
}

func (*backlog) RenewMessages(context.Context, []int64, time.Duration) error   { return nil }
func (*backlog) ReleaseMessages(context.Context, []int64, time.Duration) error { return nil }
func (*backlog) Wake(context.Context) <-chan struct{}                          { return nil }

// BenchmarkRelay carries 5,000 messages from an outbox in memory into the
// broker, each confirmed.
func BenchmarkRelay(b *testing.B) {
	const total = 5000
	q := open(b, configOf(b, testserver.RabbitMQ(b)))
	if err := q.Ping(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		store := newBacklog(total)
		route := outbox.Route{Topic: "work", Window: q.Window(), Deliver: func(ctx context.Context, m outbox.Message) error {
			return q.Publish(ctx, queue.Message{ID: strconv.FormatInt(m.ID, 10), Body: m.Body})
		}}
		relay := outbox.NewRelay(store, []outbox.Route{route}, outbox.RelayConfig{}, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(b.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := relay.Run(ctx); err != nil {
				b.Error(err)
			}
		})
		<-store.empty
		cancel()
		running.Wait()
	}
	b.ReportMetric(float64(total*b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkConsume takes messages with a handler that does nothing.
func BenchmarkConsume(b *testing.B) {
	q := open(b, configOf(b, testserver.RabbitMQ(b)))
	for _, concurrency := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("concurrency=%d", concurrency), func(b *testing.B) {
			var publishers sync.WaitGroup
			window := make(chan struct{}, q.Window())
			for range b.N {
				window <- struct{}{}
				publishers.Go(func() {
					defer func() { <-window }()
					if err := q.Publish(b.Context(), queue.Message{ID: "m"}); err != nil {
						b.Error(err)
					}
				})
			}
			publishers.Wait()
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			var handled atomic.Int64
			b.ResetTimer()
			err := q.Consume(ctx, concurrency, func(context.Context, queue.Message) error {
				if handled.Add(1) == int64(b.N) {
					cancel()
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}
