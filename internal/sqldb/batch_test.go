package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/testserver"
)

// depot is a database of PostgreSQL with a table of lamps.
type depot struct{ *DB }

func newDepot(t *testing.T, tracer pgx.QueryTracer) depot {
	t.Helper()
	settings, err := pgxpool.ParseConfig(testserver.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	at := settings.ConnConfig
	db, err := OpenPostgres(t.Context(), PostgresConfig{
		Host: at.Host, Port: at.Port, User: at.User, Password: at.Password, Name: at.Database, SSLMode: "disable", Tracer: tracer,
	}, Schema{Channel: "depot"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Writer.ExecContext(t.Context(), `CREATE TABLE lamps (name TEXT PRIMARY KEY, watts INT NOT NULL CHECK (watts > 0))`); err != nil {
		t.Fatal(err)
	}
	return depot{db}
}

// add inserts a lamp, and returns the transaction in which that was; none where there are no watts.
func (d depot) add(ctx context.Context, name string, watts int) (transaction int64, err error) {
	err = d.WriteWithRetry(ctx, "add lamp", func(ctx context.Context) error {
		return d.AtOnceRow(ctx, `INSERT INTO lamps SELECT $1, $2 WHERE $2 <> 0 RETURNING pg_current_xact_id()::TEXT::BIGINT`, []any{name, watts}, &transaction)
	})
	return transaction, err
}

// hold inserts a lamp without a commit until the function that it returns is called, which undoes that.
func (d depot) hold(t *testing.T, name string) func() {
	t.Helper()
	tx, err := d.Writer.BeginTx(t.Context(), nil)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), `INSERT INTO lamps VALUES ($1, 1)`, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// occupy has no transaction of AtOnceRow begin, once none runs, until the function that it returns is called.
func (d depot) occupy(t *testing.T) (release func()) {
	t.Helper()
	d.await(t, "end of what runs", func() bool {
		d.batches.mu.Lock()
		defer d.batches.mu.Unlock()
		free := d.batches.running == 0
		if free {
			d.batches.running = maxBatches
		}
		return free
	})
	return func() {
		for range maxBatches {
			d.batches.proceed()
		}
	}
}

func (d depot) awaitWaiting(t *testing.T, n int) {
	t.Helper()
	d.await(t, strconv.Itoa(n)+" that wait", func() bool {
		d.batches.mu.Lock()
		defer d.batches.mu.Unlock()
		return len(d.batches.waiting) == n
	})
}

// together runs do n times at once, and returns when all have ended. What they run with AtOnceRow waits together.
func (d depot) together(t *testing.T, n int, do func(i int)) {
	t.Helper()
	release := d.occupy(t)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	d.awaitWaiting(t, n)
	release()
	group.Wait()
}

// await asks until is, for 20 s.
func (d depot) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
		if err := d.Ping(t.Context()); err != nil { // which takes a moment
			t.Fatal(err)
		}
	}
}

func (d depot) count(t *testing.T) (n int) {
	t.Helper()
	if err := d.Reader.QueryRowContext(t.Context(), `SELECT count(*) FROM lamps`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStatementsShareTransactions: 130 that wait at the same time take at most four transactions, each gets its own answer, and what answers
// with no row keeps no other from being written.
func TestStatementsShareTransactions(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	d.batches.lockWait = opTimeout // however slow the machine is
	transactions := make([]int64, 130)
	d.together(t, len(transactions), func(i int) {
		watts := i % 10
		got, err := d.add(t.Context(), strconv.Itoa(i), watts)
		if none := errors.Is(err, sql.ErrNoRows); none != (watts == 0) || err != nil && !none {
			t.Errorf("lamp of %d W: %v", watts, err)
		}
		transactions[i] = got
	})
	different := map[int64]bool{}
	for _, each := range transactions {
		different[each] = true
	}
	delete(different, 0)
	if len(different) > 4 || d.count(t) != 117 {
		t.Errorf("%d transactions, %d lamps", len(different), d.count(t))
	}
	if one, err := d.add(t.Context(), "later", 1); err != nil || different[one] {
		t.Errorf("later in transaction %d: %v", one, err)
	}
	d.occupy(t) // as nothing runs at the end
}

// TestStatementsFailAlone: of those that share a transaction, two that break rules fail by themselves, and the others are written.
func TestStatementsFailAlone(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	if _, err := d.add(t.Context(), "7", 1); err != nil {
		t.Fatal(err)
	}
	d.together(t, 20, func(i int) {
		watts := 1
		if i == 3 {
			watts = -1
		}
		_, err := d.add(t.Context(), strconv.Itoa(i), watts)
		if fails := i == 3 || i == 7; fails != (err != nil) || i == 7 && !BrokenUnique(err, "lamps_pkey") {
			t.Errorf("lamp %d: %v", i, err)
		}
	})
	if n := d.count(t); n != 19 {
		t.Errorf("%d lamps", n)
	}
}

// TestStatementsWaitForRowsAlone: those that have to wait for a row, by themselves or beside others in a transaction, keep no other from
// being written.
func TestStatementsWaitForRowsAlone(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	undo := d.hold(t, "held")
	var held, others sync.WaitGroup
	hold := func() {
		held.Go(func() {
			if _, err := d.add(t.Context(), "held", 1); err != nil && !BrokenUnique(err, "lamps_pkey") {
				t.Error(err)
			}
		})
	}
	for range maxBatches { // each has a transaction to itself
		hold()
	}
	d.await(t, "statements that wait for the row", func() bool {
		var n int
		err := d.Reader.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n == maxBatches
	})
	if _, err := d.add(t.Context(), "first", 1); err != nil {
		t.Fatal(err)
	}
	release := d.occupy(t)
	for i := range 20 {
		others.Go(func() {
			if _, err := d.add(t.Context(), strconv.Itoa(i), 1); err != nil {
				t.Error(err)
			}
		})
	}
	hold()
	d.awaitWaiting(t, 21)
	release()
	others.Wait()
	if n := d.count(t); n != 21 {
		t.Errorf("%d lamps beside the one that is held", n)
	}
	undo()
	held.Wait()
	if n := d.count(t); n != 22 {
		t.Errorf("%d lamps at the end", n)
	}
}

// TestStatementGivenUp: what is given up before its turn is not run.
func TestStatementGivenUp(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	release := d.occupy(t)
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := d.add(ctx, "given up", 1)
		ended <- err
	}()
	d.awaitWaiting(t, 1)
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	release()
	d.occupy(t) // once nothing runs
	if n := d.count(t); n != 0 {
		t.Errorf("%d lamps", n)
	}
}

// TestStatementsOfAClosedDatabase: what waits as the database is closed, and what comes later, is told so at once.
func TestStatementsOfAClosedDatabase(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	d.occupy(t)
	ended := make(chan error)
	go func() {
		_, err := d.add(t.Context(), "waits", 1)
		ended <- err
	}()
	d.awaitWaiting(t, 1)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if _, err := d.add(t.Context(), "later", 1); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// TestSlowTransactionsHoldNoOneUp: those that come later are written while as many transactions as there may be take long.
func TestSlowTransactionsHoldNoOneUp(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	d.occupy(t)
	var slow sync.WaitGroup
	var ended atomic.Int64
	for range maxBatches {
		for range 2 { // that share one
			slow.Go(func() {
				var one int
				if err := d.AtOnceRow(t.Context(), `SELECT 1 FROM pg_sleep(1)`, nil, &one); err != nil {
					t.Error(err)
				}
				ended.Add(1)
			})
		}
		d.awaitWaiting(t, 2)
		d.batches.proceed()
	}
	if _, err := d.add(t.Context(), "quick", 1); err != nil || ended.Load() > 0 {
		t.Errorf("written after %d slow ones: %v", ended.Load(), err)
	}
	slow.Wait()
}

// TestDeadlineOfATransaction: it ends with the time of the first of those who share it, but is given some.
func TestDeadlineOfATransaction(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) *batched {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		t.Cleanup(cancel)
		return &batched{ctx: ctx}
	}
	for _, c := range []struct {
		queries []*batched
		want    time.Duration
	}{
		{[]*batched{in(9 * time.Second), in(5 * time.Second), in(8 * time.Second)}, 5 * time.Second},
		{[]*batched{in(9 * time.Second), in(time.Millisecond)}, leastBatch},
		{[]*batched{in(time.Hour), {ctx: t.Context()}}, opTimeout},
	} {
		if got := time.Until(deadlineOf(c.queries)); got > c.want || got < c.want-time.Second {
			t.Errorf("%s, not %s", got, c.want)
		}
	}
}

// TestConnectionLostWithStatements: where the server ends the transaction, all who share it are told that the database is unavailable.
func TestConnectionLostWithStatements(t *testing.T) {
	t.Parallel()
	d := newDepot(t, nil)
	d.together(t, 5, func(i int) {
		statement := `INSERT INTO lamps VALUES ($1, $2) RETURNING 1`
		if i == 2 {
			statement = `SELECT CASE WHEN pg_terminate_backend(pg_backend_pid()) THEN $2::INT + $1::INT END`
		}
		var one int
		err := d.WriteWithRetry(t.Context(), "add lamp", func(ctx context.Context) error {
			return d.AtOnceRow(ctx, statement, []any{strconv.Itoa(i), 1}, &one)
		})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("statement %d: %v", i, err)
		}
	})
	if n := d.count(t); n != 0 {
		t.Errorf("%d lamps", n)
	}
}

// spans notes of which statements, and in whose contexts, there were spans.
type spans struct {
	mu                   sync.Mutex
	begun, ended, failed []string
}

type owner struct{}

func (s *spans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := ctx.Value(owner{}); of != nil {
		s.begun = append(s.begun, fmt.Sprint(of))
	}
	return ctx
}

func (s *spans) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := ctx.Value(owner{})
	if of == nil {
		return
	}
	s.ended = append(s.ended, fmt.Sprint(of))
	if d.Err != nil {
		s.failed = append(s.failed, fmt.Sprint(of))
	}
}

// TestStatementsHaveTheirSpans: each has one in its own caller's trace, also where they share a transaction.
func TestStatementsHaveTheirSpans(t *testing.T) {
	t.Parallel()
	var noted spans
	d := newDepot(t, &noted)
	d.together(t, 3, func(i int) {
		if _, err := d.add(context.WithValue(t.Context(), owner{}, i), strconv.Itoa(i), 1); err != nil {
			t.Error(err)
		}
	})
	if len(noted.begun) != 3 || len(noted.ended) != 3 || len(noted.failed) != 0 {
		t.Errorf("spans of %v began, of %v ended, of %v failed", noted.begun, noted.ended, noted.failed)
	}
	d.together(t, 3, func(i int) { _, _ = d.add(context.WithValue(t.Context(), owner{}, i), "again", 1) })
	// Connections that are made for them have spans, too.
	if len(noted.begun) < 9 || len(noted.ended) != len(noted.begun) || len(noted.failed) != 2 {
		t.Errorf("with one name: spans of %v began, of %v ended, of %v failed", noted.begun, noted.ended, noted.failed)
	}
}
