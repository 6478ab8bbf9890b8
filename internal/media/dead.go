package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/tracing"
)

// Bounds on what is kept of an unreadable message.
const (
	maxKeptBody      = 64 << 10
	maxKeptMessageID = 255 // AMQP 0-9-1 allows no more (shortstr)
)

// Unreadable is a message that the queue gave up on and that is no image job.
type Unreadable struct {
	MessageID string // as the broker knew it, as far as it is text
	Body      []byte // its beginning, at most 64 KiB
	Bytes     int64  // length of the whole
	Digest    string // of the whole body: a second delivery is recognised by it
}

// unreadable returns what is kept of the message.
func unreadable(m queue.Message) Unreadable {
	id := strings.ReplaceAll(strings.ToValidUTF8(m.ID, "\uFFFD"), "\x00", "\uFFFD")
	if len(id) > maxKeptMessageID {
		id = strings.ToValidUTF8(id[:maxKeptMessageID], "")
	}
	sum := sha256.Sum256(m.Body)
	body := append([]byte{}, m.Body[:min(len(m.Body), maxKeptBody)]...) // never nil, which databases take for NULL
	return Unreadable{MessageID: id, Body: body, Bytes: int64(len(m.Body)), Digest: hex.EncodeToString(sum[:])}
}

// HandleDead records a message that the queue gave up on; it is the handler of
// the dead-letter queue. A job counts as a lost attempt at its image; a message
// that is none becomes an entry of the list of failures.
func (w *Worker) HandleDead(ctx context.Context, m queue.Message) error {
	job, err := DecodeJob(m.Body)
	if err != nil {
		log := w.Log.With("message", m.ID, "bytes", len(m.Body))
		log.ErrorContext(ctx, "dead letter is unreadable", "error", err)
		return retryUnavailable(ctx, log, "keep unreadable message", func(ctx context.Context) error {
			return w.Store.KeepUnreadable(ctx, unreadable(m))
		})
	}
	ctx = tracing.With(ctx, job.Traceparent)
	log := w.Log.With("image", job.ImageID, "product", job.ProductID, "request_id", job.RequestID)
	failure := fault.Fail(fault.WorkerLost, "The image's job was given up by the queue after too many deliveries.", nil)
	failure.RetryAfter = w.cfg.Policy.Cap // what made so many deliveries fail may last
	err = retryUnavailable(ctx, log, "count lost delivery", func(ctx context.Context) error {
		lost, err := w.Store.CountLostDelivery(ctx, job, failure, w.cfg.Policy.Decide(failure))
		if err == nil {
			w.Announce.Announce(ctx, lost.Changed)
			lost.ended(ctx, w.Observe, failure)
		}
		return err
	})
	switch {
	case fault.KindOf(err) == fault.Conflict:
		log.InfoContext(ctx, "dead letter superseded", "error", err)
		return nil
	case err != nil:
		return err
	}
	log.WarnContext(ctx, "dead letter counted as a lost attempt", "reason", failure.Reason)
	return nil
}
