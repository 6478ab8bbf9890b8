package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxBatches is how many transactions of AtOnceRow run at the same time: with one for each caller,
	// PostgreSQL takes a third more CPU for a create.
	maxBatches = 2
	// maxBatch bounds how many statements share a transaction.
	maxBatch = 64
	// lockWait is how long a statement that has to wait for a row keeps others from running.
	lockWait = 100 * time.Millisecond
)

// batches are the transactions of AtOnceRow, and the statements that wait for one.
type batches struct {
	pool   *pgxpool.Pool
	tracer pgx.QueryTracer // nil: no one is told of statements

	mu      sync.Mutex
	waiting []*batched
	running int
	runners sync.WaitGroup
}

// batched is one of these statements.
type batched struct {
	ctx       context.Context
	statement string
	args, to  []any
	err       error
	ended     chan struct{} // is closed once err holds
}

// AtOnceRow runs a statement that writes several tables (see Dialect.AtOnce), which was
// completed and answers with one row at most. It is for what is run most often, and goes
// past database/sql, whose goroutine, contexts and conversions for each query cost this
// process a third of what the whole query does.
//
// Statements that wait at the same time share a transaction and a round trip. Where one of them
// breaks a rule, is broken off, or waits too long for a row, each runs by itself, so that it fails
// or waits alone. Where ctx ends before its turn, the statement is not run; while others run in the
// same transaction, that no longer ends it. sql.ErrNoRows.
func (db *DB) AtOnceRow(ctx context.Context, statement string, args []any, to ...any) error {
	b, q := &db.batches, &batched{ctx: ctx, statement: statement, args: args, to: to}
	if b.begin(q) {
		return b.first(q)
	}
	select {
	case <-q.ended:
	case <-ctx.Done():
		if b.remove(q) {
			return context.Cause(ctx)
		}
		<-q.ended
	}
	return q.err
}

// begin reports whether q may run by itself now; else it waits.
func (b *batches) begin(q *batched) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running < maxBatches {
		b.running++
		return true
	}
	q.ended = make(chan struct{})
	b.waiting = append(b.waiting, q)
	return false
}

// first runs a statement by itself, and then has those run that wait. Where it takes long, as it waits for a row, they do not.
func (b *batches) first(q *batched) error {
	next := sync.OnceFunc(b.proceed)
	defer next()
	defer time.AfterFunc(lockWait, next).Stop()
	return b.alone(q)
}

// proceed has those run that wait, in place of what has ended.
func (b *batches) proceed() {
	switch taken := b.take(); len(taken) {
	case 0:
	case 1:
		b.runners.Go(func() { taken[0].end(b.first(taken[0])) })
	default:
		b.runners.Go(func() {
			b.run(taken)
			b.proceed()
		})
	}
}

// take returns those that share the next transaction. Where no one waits, one transaction less runs.
func (b *batches) take() []*batched {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxBatch)
	if n == 0 {
		b.running--
		return nil
	}
	taken := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	return taken
}

// remove takes back a statement that was not taken up.
func (b *batches) remove(q *batched) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, q)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	return i >= 0
}

// alone runs one statement in a transaction of its own.
func (b *batches) alone(q *batched) error {
	return b.pool.QueryRow(q.ctx, q.statement, q.args...).Scan(q.to...)
}

// run runs statements in one transaction, and each in its own where that fails by what is one's own.
func (b *batches) run(queries []*batched) {
	err := b.inOne(queries)
	apart := ownFailure(err)
	for _, q := range queries {
		switch {
		case apart:
			b.runners.Go(func() { q.end(b.alone(q)) })
		case err != nil:
			q.end(err)
		default:
			q.end(q.err)
		}
	}
}

// end tells who waits how it ended.
func (q *batched) end(err error) {
	q.err = err
	close(q.ended)
}

// inOne runs the statements in one transaction and one round trip. Its error is that of all; of one that answers with no row,
// q.err says so.
func (b *batches) inOne(queries []*batched) error {
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	batch := &pgx.Batch{}
	batch.Queue(fmt.Sprintf("SELECT set_config('lock_timeout', '%d', TRUE)", lockWait.Milliseconds()))
	for _, q := range queries {
		batch.Queue(q.statement, q.args...)
	}
	end := b.trace(queries)
	results := b.pool.SendBatch(ctx, batch)
	_, failed := results.Exec()
	for _, q := range queries {
		if failed != nil {
			break
		}
		if q.err = results.QueryRow().Scan(q.to...); !errors.Is(q.err, pgx.ErrNoRows) {
			failed = q.err
		}
	}
	if err := results.Close(); failed == nil { // commits
		failed = err
	}
	end(failed)
	return failed
}

// ownFailure reports whether a statement broke a rule, was broken off in favour of another, or waited too long for one.
// Nothing was written then.
func ownFailure(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (!unavailable(err) || brokenOff(err) || pg.Code == "55P03")
}

// trace begins a span for each statement in its caller's trace. What it returns ends them.
func (b *batches) trace(queries []*batched) (end func(error)) {
	if b.tracer == nil {
		return func(error) {}
	}
	spans := make([]context.Context, 0, len(queries))
	for _, q := range queries {
		spans = append(spans, b.tracer.TraceQueryStart(q.ctx, nil, pgx.TraceQueryStartData{SQL: q.statement, Args: q.args}))
	}
	return func(err error) {
		for _, ctx := range spans {
			b.tracer.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{Err: err})
		}
	}
}
