package sqldb

import (
	"context"
	"database/sql"
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
	// maxBatches is how many transactions of AtOnceRow are begun at a time. Those that take long, and those of
	// statements that are run apart, do not count. docs/benchmarks.md has what other numbers cost.
	maxBatches = 2
	// maxBatch bounds how many statements share a transaction.
	maxBatch = 64
	// lockWait is how long a statement waits for a row that another transaction writes, until others no longer wait for it.
	lockWait = 100 * time.Millisecond
	// batchWait is how long a transaction of several may take until others are begun beside it.
	batchWait = 500 * time.Millisecond
	// leastBatch is how long one may take at least, though a caller's time is over before.
	leastBatch = 2 * time.Second
)

// batches are the transactions of AtOnceRow, and the statements that wait for one.
type batches struct {
	pool     *pgxpool.Pool
	tracer   pgx.QueryTracer // nil: no one is told of statements
	lockWait time.Duration

	mu      sync.Mutex
	waiting []*batched
	running int // of maxBatches
	closed  bool
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
// process a third of what the whole query does. ctx has a deadline.
//
// Statements that wait at the same time share a transaction and a round trip. Where one of them
// breaks a rule, is broken off, or waits too long for a row, each runs by itself, so that it fails
// or waits alone. Where ctx ends before its turn, the statement is not run; while others run in the
// same transaction, that no longer ends it. sql.ErrNoRows.
func (db *DB) AtOnceRow(ctx context.Context, statement string, args []any, to ...any) error {
	b, q := &db.batches, &batched{ctx: ctx, statement: statement, args: args, to: to, ended: make(chan struct{})}
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

// begin reports whether q may run by itself now; else it waits, or has ended where the database is closed.
func (b *batches) begin(q *batched) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		q.end(sql.ErrConnDone)
	case b.running < maxBatches:
		b.running++
		return true
	default:
		b.waiting = append(b.waiting, q)
	}
	return false
}

// first runs a statement by itself, and then has those run that wait; before, where it takes longer than lockWait.
func (b *batches) first(q *batched) error {
	defer b.proceedWithin(b.lockWait)()
	return b.alone(q)
}

// proceedWithin has those run that wait once what it returns is called, or d is over.
func (b *batches) proceedWithin(d time.Duration) (ended func()) {
	next := sync.OnceFunc(b.proceed)
	late := time.AfterFunc(d, next)
	return func() {
		late.Stop()
		next()
	}
}

// proceed has those run that wait, in place of what has ended.
func (b *batches) proceed() {
	taken := b.take()
	if len(taken) == 0 {
		return
	}
	go func() {
		defer b.runners.Done()
		if len(taken) == 1 {
			taken[0].end(b.first(taken[0]))
			return
		}
		defer b.proceedWithin(batchWait)()
		b.run(taken)
	}()
}

// take returns those that share the next transaction, which counts among runners. Where no one waits, one transaction
// less runs.
func (b *batches) take() []*batched {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxBatch)
	if n == 0 {
		b.running--
		return nil
	}
	b.runners.Add(1)
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

// Close waits for those that others share, and lets no more be begun.
func (b *batches) Close() error {
	b.mu.Lock()
	b.closed = true
	for _, q := range b.waiting {
		q.end(sql.ErrConnDone)
	}
	b.waiting = nil
	b.mu.Unlock()
	b.runners.Wait()
	return nil
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
	ctx, cancel := context.WithDeadline(context.Background(), deadlineOf(queries))
	defer cancel()
	batch := &pgx.Batch{}
	batch.Queue(fmt.Sprintf("SELECT set_config('lock_timeout', '%d', TRUE)", b.lockWait.Milliseconds()))
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

// deadlineOf is when the first caller's time is over, but not sooner than leastBatch.
func deadlineOf(queries []*batched) time.Time {
	least, first := time.Now().Add(leastBatch), time.Now().Add(opTimeout)
	for _, q := range queries {
		if each, ok := q.ctx.Deadline(); ok && each.Before(first) {
			first = each
		}
	}
	if first.Before(least) {
		return least
	}
	return first
}

// ownFailure reports whether one statement failed by itself: it broke a rule, was broken off in favour of another or by
// someone, waited too long for a row, or could not be sent. Nothing was written then.
func ownFailure(err error) bool {
	if _, ok := errors.AsType[pgx.ErrPreprocessingBatch](err); ok {
		return true
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (!unavailable(err) || brokenOff(err) || pg.Code == "55P03" || pg.Code == "57014")
}

// trace begins a span for each statement in its caller's trace. What it returns ends them; an error that is one
// statement's own is none of the others', and is in the span of the statement as it is run apart.
func (b *batches) trace(queries []*batched) (end func(error)) {
	if b.tracer == nil {
		return func(error) {}
	}
	spans := make([]context.Context, 0, len(queries))
	for _, q := range queries {
		spans = append(spans, b.tracer.TraceQueryStart(q.ctx, nil, pgx.TraceQueryStartData{SQL: q.statement, Args: q.args}))
	}
	return func(err error) {
		if ownFailure(err) {
			err = nil
		}
		for _, ctx := range spans {
			b.tracer.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{Err: err})
		}
	}
}
