package rabbitmq_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

// BenchmarkPublish publishes 5,000 messages, each confirmed, a window at a time.
func BenchmarkPublish(b *testing.B) {
	const total = 5000
	q := open(b, configOf(b, testserver.RabbitMQ(b)))
	if err := q.Ping(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var publishing sync.WaitGroup
		window := make(chan struct{}, q.Window())
		for i := range total {
			window <- struct{}{}
			publishing.Go(func() {
				defer func() { <-window }()
				body := fmt.Appendf(nil, `{"image_id":%d,"product_id":%d,"generation":1,"token":1,"request_id":"0123456789abcdef"}`, i, i)
				if err := q.Publish(b.Context(), queue.Message{ID: strconv.Itoa(i), Body: body}); err != nil {
					b.Error(err)
				}
			})
		}
		publishing.Wait()
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
