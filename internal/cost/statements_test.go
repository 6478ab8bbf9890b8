package cost_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/bench/limit"
)

// statement is what PostgreSQL counts of all calls of one.
type statement struct {
	Query         string
	Calls, Blocks int64
}

// each is how many buffers a call touches: not a number, which no limit allows, where there
// was none.
func (s statement) each() float64 { return float64(s.Blocks) / float64(s.Calls) }

// wantCalls fails the test where there was no call: the statements are found by their texts.
func wantCalls(t *testing.T, name string, s statement) {
	t.Helper()
	if s.Calls == 0 {
		t.Errorf("%s: no statement with its text was called: this shows nothing", name)
	}
}

// The parts of a step, by a piece of the text of each of its statements. Those are always
// there that no step, or no step that walks, is without.
var stepParts = []struct {
	name, text string
	always     bool
}{
	{"out, lines and arrivals", "AS oldest", true},
	{"hosts and their ranks", "AS lowest", true},
	{"ends of users", "AS last_end", false},
	{"parked", "AS next_users", false},
	{"parked rows", "ON id = row_id", false},
	{"probes", "AS first_due", false},
	{"walk", "walked", true},
	{"others in line", "users_in_line", false},
	{"write", "new_stage", true},
}

// newCounted is a server that counts by statement.
func newCounted(t *testing.T, settings ...string) *postgres {
	t.Helper()
	p := newPostgres(t, append(settings, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off")...)
	p.Exec(t, `CREATE EXTENSION pg_stat_statements`)
	return p
}

// counts returns what all statements with the text have touched since the last reset.
func (p *postgres) counts(t *testing.T, text string) (sum statement) {
	t.Helper()
	for _, s := range limit.All(t, p.Postgres, pgx.RowToStructByPos[statement],
		`SELECT query, sum(calls)::BIGINT, sum(shared_blks_hit + shared_blks_read)::BIGINT FROM pg_stat_statements GROUP BY query`) {
		if strings.Contains(s.Query, text) && !strings.Contains(s.Query, "pg_stat_statements") {
			sum.Calls += s.Calls
			sum.Blocks += s.Blocks
		}
	}
	return sum
}

func (p *postgres) reset(t *testing.T) {
	t.Helper()
	p.Exec(t, `SELECT pg_stat_statements_reset()`)
}

// steps returns what the parts of a step have touched since the last reset, by name.
func (p *postgres) steps(t *testing.T) map[string]statement {
	t.Helper()
	parts := map[string]statement{}
	for _, part := range stepParts {
		parts[part.name] = p.counts(t, part.text)
	}
	return parts
}
