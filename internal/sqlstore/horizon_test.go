package sqlstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// ignorant is a log whose readers ignore the horizon.
type ignorant struct{ events.Log }

func (ignorant) Passed(context.Context, events.Mark) (bool, error) { return true, nil }

func horizonOf(log events.Log) *events.Horizon {
	cfg := events.DefaultHorizonConfig()
	cfg.Pace = 5 * time.Millisecond
	return events.NewHorizon(log, cfg, slog.New(slog.DiscardHandler))
}

// TestHorizon has sessions of their own write the log, on a server of its own,
// whose horizon no other test holds up.
func TestHorizon(t *testing.T) { //nolint:tparallel // its parts hold up one another's horizon
	t.Parallel()
	server := testserver.OwnPostgres(t)
	s := openPostgres(t, server.URL())
	t.Run("many writers", func(t *testing.T) { testManyWriters(t, s, server.URL()) })
	t.Run("prepared transaction", func(t *testing.T) { testPrepared(t, s, server.URL()) })
	t.Run("long writer in another database", func(t *testing.T) { testOtherDatabase(t, s, server.URL()) })
	t.Run("dump and restore", func(t *testing.T) { testDumpAndRestore(t, s, server.URL()) })
}

// TestHorizonOverCrash: a reader that has come to an id, of a transaction that is
// lost with the server, does not pass over the event that would be given the same id.
func TestHorizonOverCrash(t *testing.T) {
	t.Parallel()
	server := testserver.OwnPostgresWith(t, "wal_writer_delay=10s") // commits alone flush
	s := openPostgres(t, server.URL())
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	const draw = `SELECT nextval(pg_get_serial_sequence('events', 'id')) FROM generate_series(1, 100)`
	if _, err := conn.Exec(t.Context(), `BEGIN; SELECT pg_current_xact_id(); `+draw); err != nil {
		t.Fatal(err)
	}
	m, err := s.Mark(t.Context(), -1)
	if err != nil || m.To < 100 {
		t.Fatalf("mark %+v, %v", m, err)
	}
	server.Kill(t)
	server.Start(t)
	s = openPostgres(t, server.URL()) // with connections to the new one
	if last := lastID(t, s); last < m.To {
		t.Errorf("a reader has come to %d, and the next id is %d", m.To, last+1)
	}
	if passed, err := s.Passed(t.Context(), m); err != nil || !passed {
		t.Errorf("the mark has passed: %t, %v", passed, err)
	}
}

const (
	writers      = 40
	transactions = 400 // of each
	contended    = 60  // products that they all change
)

// testManyWriters compares what a reader sees of the log with what is in it in
// the end, and the same of a reader that ignores the horizon, which shows
// that there was something to miss.
func testManyWriters(t *testing.T, s *sqlstore.Store, dsn string) {
	t.Helper()
	for range contended {
		if _, err := s.CreateProduct(t.Context(), phone()); err != nil {
			t.Fatal(err)
		}
	}
	careful := follow(t, s)
	careless := follow(t, ignorant{s})
	streams, carelessStreams := followStreams(t, s, s), followStreams(t, s, ignorant{s})
	durable, stop := readDurably(t, s)
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			if err := write(t.Context(), dsn); err != nil {
				t.Error(err)
			}
		})
	}
	writing.Wait()
	if t.Failed() {
		return
	}
	page, err := s.Read(t.Context(), 0, 1<<40, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	inOrderOfRevisions(t, page.Events)
	last := page.Events[len(page.Events)-1].ID
	for _, r := range []*recorder{careful, careless, durable, streams, carelessStreams} {
		r.upTo(t, last)
	}
	starts := stop()
	missed, disorder := careful.compare(page.Events)
	t.Logf("horizon: %d events of %d writers, %d missed, %d out of order", len(page.Events), writers, missed, disorder)
	if missed > 0 || disorder > 0 || len(page.Events) < 20_000 {
		t.Errorf("of %d events %d were missed and %d were out of order", len(page.Events), missed, disorder)
	}
	missed, disorder = streams.compare(page.Events)
	t.Logf("streams that break off: %d missed, %d repeated or out of order", missed, disorder)
	if missed > 0 || disorder > 0 {
		t.Errorf("streams missed %d, and %d were repeated or out of order", missed, disorder)
	}
	if missed, _ = carelessStreams.compare(page.Events); missed == 0 {
		t.Error("streams that ignore the horizon missed nothing: this test shows nothing")
	}
	missed, disorder = durable.compare(page.Events)
	t.Logf("durable reader, started %d times: %d missed, %d repeated or out of order", starts, missed, disorder)
	if missed > 0 || starts < 5 { // one that lost its lease on a busy machine has some again
		t.Errorf("a durable reader that was started %d times missed %d", starts, missed)
	}
	missed, disorder = careless.compare(page.Events)
	t.Logf("without it: %d missed, %d out of order", missed, disorder)
	if missed == 0 {
		t.Error("a reader that ignores the horizon missed nothing: this test shows nothing")
	}
}

// write changes products in transactions that draw the ids of their events and
// end a while later, or are rolled back.
func write(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for n := range transactions {
		if err := writeOnce(ctx, conn, n); err != nil {
			return err
		}
	}
	return nil
}

// writeOnce writes one to three events: in one statement with the change, as a
// create does, and in a statement after it, as the other changes do.
func writeOnce(ctx context.Context, conn *pgx.Conn, n int) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	product := 1 + rand.IntN(contended)
	const change = `UPDATE products SET revision = revision + 1 WHERE id = $1 RETURNING id, user_id, revision, version`
	const columns = `0, 'product.updated', id, 0, user_id, revision, version, '{}'`
	if n%2 == 0 {
		_, err = tx.Exec(ctx, `WITH changed AS (`+change+`) `+eventsql.Insert+`SELECT `+columns+` FROM changed`, product)
	} else {
		var id, user, revision, version int64
		if err = tx.QueryRow(ctx, change, product).Scan(&id, &user, &revision, &version); err == nil {
			_, err = tx.Exec(ctx, eventsql.Insert+`SELECT `+columns+` FROM products, generate_series(0, $2) WHERE id = $1`, product, n%5)
		}
	}
	if err != nil {
		return err
	}
	if n%4 == 0 { // most commit at once; no wait is longer than a transaction of ours may be
		if _, err := tx.Exec(ctx, `SELECT pg_sleep($1)`, rand.Float64()*0.04); err != nil {
			return err
		}
	}
	if n%17 == 0 {
		return tx.Rollback(ctx)
	}
	return tx.Commit(ctx)
}

// inOrderOfRevisions asserts that the ids of a product's events have the order of
// its revisions.
func inOrderOfRevisions(t *testing.T, list []events.Event) {
	t.Helper()
	last, wrong := map[int64]int64{}, 0
	for _, e := range list {
		if e.Revision < last[e.ProductID] {
			wrong++
		}
		last[e.ProductID] = e.Revision
	}
	if wrong > 0 {
		t.Errorf("%d of %d events came after one of a later revision of their product", wrong, len(list))
	}
}

// recorder keeps the ids that a tail returns.
type recorder struct {
	mu    sync.Mutex
	ids   []int64
	at    int64
	moved chan struct{} // of capacity 1
}

// follow records what a tail from the beginning of the log returns.
func follow(t *testing.T, log events.Log) *recorder {
	t.Helper()
	r := &recorder{moved: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	tail, err := horizonOf(log).TailAfter(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for {
			batch, err := tail.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			r.note(batch.Events, tail.Position())
		}
	}()
	return r
}

// readDurably records what a reader is given that is stopped and started in
// another process again and again, until it is told to stop; it returns how often it started.
func readDurably(t *testing.T, s *sqlstore.Store) (r *recorder, stop func() int) {
	t.Helper()
	r = &recorder{moved: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		cfg := events.DefaultReaderConfig()
		cfg.Pace = time.Millisecond
		starts := 0
		for ; ctx.Err() == nil; starts++ {
			reader := events.NewReader("durable", horizonOf(s), s, r.handle, cfg, slog.New(slog.DiscardHandler))
			reading, end := context.WithTimeout(ctx, time.Second)
			if err := reader.Run(reading); err != nil {
				t.Error(err)
			}
			end()
		}
		done <- starts
	}()
	return r, func() int { cancel(); return <-done }
}

// handle is an events.Handler.
func (r *recorder) handle(_ context.Context, page events.Page) (int, error) {
	r.note(page.Events, page.Events[len(page.Events)-1].ID)
	return len(page.Events), nil
}

// note records events, and that everything up to the position is.
func (r *recorder) note(list []events.Event, position int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range list {
		r.ids = append(r.ids, e.ID)
	}
	r.at = position
	select {
	case r.moved <- struct{}{}:
	default:
	}
}

func (r *recorder) position() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// upTo waits until the tail is at the id.
func (r *recorder) upTo(t *testing.T, id int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for r.position() < id {
		select {
		case <-r.moved:
		case <-ctx.Done():
			t.Fatalf("the tail is at %d, not at %d", r.position(), id)
		}
	}
}

// compare returns how many events were not recorded, and how many came after one of a
// higher id, or twice.
func (r *recorder) compare(list []events.Event) (missed, disorder int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 1; i < len(r.ids); i++ {
		if r.ids[i] <= r.ids[i-1] {
			disorder++
		}
	}
	seen := slices.Clone(r.ids)
	slices.Sort(seen)
	for _, e := range list {
		if _, found := slices.BinarySearch(seen, e.ID); !found {
			missed++
		}
	}
	return missed, disorder
}

// testPrepared holds the horizon by a prepared transaction that no one ends.
func testPrepared(t *testing.T, s *sqlstore.Store, dsn string) {
	t.Helper()
	position := lastID(t, s)
	execSQL(t, dsn, `BEGIN; `+oneEvent(7001)+`; PREPARE TRANSACTION 'left by a coordinator'`)
	held(t, s, dsn, position, `COMMIT PREPARED 'left by a coordinator'`, 7001, "gid=\"left by a coordinator\"")
}

// testOtherDatabase holds it by a session that writes to another database and
// has nothing to do with ours.
func testOtherDatabase(t *testing.T, s *sqlstore.Store, dsn string) {
	t.Helper()
	execSQL(t, dsn, `CREATE DATABASE accounting`)
	execSQL(t, strings.Replace(dsn, "/postgres?", "/accounting?", 1), `CREATE TABLE bills (n INT)`)
	conn, err := pgx.Connect(t.Context(), strings.Replace(dsn, "/postgres?", "/accounting?", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `BEGIN; INSERT INTO bills VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	seenByItsRole(t, dsn, int(conn.PgConn().PID()))
	held(t, s, dsn, lastID(t, s), fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, conn.PgConn().PID()), 0,
		fmt.Sprintf("pid=%d", conn.PgConn().PID()), "database=accounting")
}

// seenByItsRole asks as the role of a process, which may do no more than it must.
func seenByItsRole(t *testing.T, dsn string, pid int) {
	t.Helper()
	execSQL(t, dsn, `CREATE ROLE program LOGIN;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO program;
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO program`)
	cfg := storetest.PostgresConfig(t, dsn)
	cfg.User, cfg.Password = "program", ""
	s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := s.Mark(t.Context(), -1)
	if err != nil || m.To != lastID(t, s) || m.Barrier == 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	passed, err := s.Passed(t.Context(), m)
	if err != nil || passed {
		t.Errorf("passed %v, %v", passed, err)
	}
	holders, err := s.Holders(t.Context(), m)
	if err != nil || len(holders) != 1 || holders[0].PID != pid || holders[0].Database != "accounting" || holders[0].Age > time.Minute {
		t.Errorf("held by %+v, %v", holders, err)
	}
}

func lastID(t *testing.T, s *sqlstore.Store) int64 {
	t.Helper()
	m, err := s.Mark(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return m.To
}

// held asserts that the horizon is held, lags and says by whom, that nothing
// behind it is read, and that everything is once the statement was run: the event of
// the product first too, where its transaction was the one that held it.
func held(t *testing.T, s *sqlstore.Store, dsn string, position int64, end string, first int64, said ...string) {
	t.Helper()
	execSQL(t, dsn, oneEvent(7002))
	var log logtest.Buffer
	cfg := events.DefaultHorizonConfig()
	cfg.Warn = 50 * time.Millisecond
	horizon := events.NewHorizon(s, cfg, slog.New(slog.NewTextHandler(&log, nil)))
	tail, err := horizon.TailAfter(t.Context(), position)
	if err != nil {
		t.Fatal(err)
	}
	reading, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := make(chan error, 1)
	go func() {
		_, err := tail.Next(reading)
		read <- err
	}()
	unsaid := func(want string) bool { return !strings.Contains(log.String(), want) }
	const patience = 20 * time.Second // of the slowest machine
	for began := time.Now(); horizon.Lag() < 200*time.Millisecond || slices.ContainsFunc(said, unsaid); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("lag %s, and the log does not say all of %q:\n%s", horizon.Lag(), said, log.String())
		}
	}
	cancel()
	if err := <-read; err == nil {
		t.Fatal("the tail read what is behind the horizon")
	}
	execSQL(t, dsn, end)
	var products []int64
	for !slices.Contains(products, 7002) {
		batch, err := tail.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			products = append(products, e.ProductID)
		}
	}
	if first > 0 && !slices.Contains(products, first) {
		t.Errorf("read %v, without the event that was held", products)
	}
	if lag := horizon.Lag(); lag != 0 {
		t.Errorf("lag %s with nothing held", lag)
	}
}

// testDumpAndRestore has a durable reader and a position go on in a restored
// database, on a server whose transactions have other ids.
func testDumpAndRestore(t *testing.T, s *sqlstore.Store, dsn string) {
	t.Helper()
	if _, err := s.LeaseReader(t.Context(), "r", "h", time.Minute); err != nil {
		t.Fatal(err)
	}
	m, err := s.Mark(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveReader(t.Context(), "r", "h", m.To-10, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	wanted, err := s.Read(t.Context(), m.To-10, m.To, 100)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dump")
	run(t, testserver.PostgresProgram(t, "pg_dump"), "-Fc", "-f", file, "-d", dsn)
	target := testserver.OwnPostgres(t).URL()
	run(t, testserver.PostgresProgram(t, "pg_restore"), "--no-owner", "--no-acl", "-d", target, file)
	restored := openPostgres(t, target)
	position, err := restored.LeaseReader(t.Context(), "r", "another", time.Minute)
	if err != nil || position != m.To-10 {
		t.Fatalf("position %d, %v", position, err)
	}
	after, err := restored.Mark(t.Context(), 0)
	if err != nil || after.To != m.To || after.Barrier >= m.Barrier {
		t.Fatalf("%+v was restored as %+v, %v: not from another server", m, after, err)
	}
	execSQL(t, target, oneEvent(7003))
	tail, err := horizonOf(restored).TailAfter(t.Context(), position)
	if err != nil {
		t.Fatal(err)
	}
	var got []events.Event
	for len(got) < len(wanted.Events)+1 {
		batch, err := tail.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, batch.Events...)
	}
	last := got[len(got)-1]
	if last.ProductID != 7003 || last.ID != m.To+1 || got[0].ID != wanted.Events[0].ID {
		t.Errorf("read %+v, ending with %+v", got, last)
	}
}

// oneEvent is a statement that writes one.
func oneEvent(product int64) string {
	return fmt.Sprintf(eventsql.Insert+`VALUES (0, 'product.updated', %d, 0, 1, 1, 1, '{}')`, product)
}

func execSQL(t *testing.T, dsn, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.PgConn().Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}
