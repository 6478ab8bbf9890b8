package limit

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// NewCounted is a server that counts by statement.
func NewCounted(t *testing.T, settings ...string) *Postgres {
	t.Helper()
	p := NewPostgres(t, append(settings, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off")...)
	p.Exec(t, `CREATE EXTENSION pg_stat_statements`)
	return p
}

// Calls is what PostgreSQL counts of all calls of a statement.
type Calls struct {
	Query         string
	Calls, Blocks int64
}

// Each is how many buffers a call touches: not a number, which no limit allows, where there
// was none.
func (c Calls) Each() float64 { return float64(c.Blocks) / float64(c.Calls) }

// Counts returns what all statements with the text have touched since the last reset, of a server of NewCounted.
func (p *Postgres) Counts(t *testing.T, text string) (sum Calls) {
	t.Helper()
	for _, c := range All(t, p, pgx.RowToStructByPos[Calls],
		`SELECT query, sum(calls)::BIGINT, sum(shared_blks_hit + shared_blks_read)::BIGINT FROM pg_stat_statements GROUP BY query`) {
		if strings.Contains(c.Query, text) && !strings.Contains(c.Query, "pg_stat_statements") {
			sum.Calls += c.Calls
			sum.Blocks += c.Blocks
		}
	}
	return sum
}

// ResetCounts begins the counts again.
func (p *Postgres) ResetCounts(t *testing.T) {
	t.Helper()
	p.Exec(t, `SELECT pg_stat_statements_reset()`)
}

// BackendsCPU is the time of the processes that serve the others' connections, to the nanosecond, by the kernel's
// scheduler: https://docs.kernel.org/scheduler/sched-stats.html
func (p *Postgres) BackendsCPU(t *testing.T) (sum time.Duration) {
	t.Helper()
	pids := All(t, p, pgx.RowTo[int], `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	if len(pids) == 0 {
		t.Fatal("PostgreSQL has no connection: this shows nothing")
	}
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}

// Number queries one number.
func (p *Postgres) Number(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	if err := p.Conn.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
