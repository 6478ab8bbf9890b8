package imagesql_test

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb/sqldbtest"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// everything asks for all that a plan can ask for.
type everything struct{ dispatch.Plan }

func (everything) Others(dispatch.Window, dispatch.Class) bool { return true }
func (everything) Asks(dispatch.Window) []dispatch.Ask {
	return []dispatch.Ask{{Host: "a", Limit: 2, After: 1}, {Host: "b", Limit: 1, Probe: true, Last: true}}
}

func (everything) Flows(dispatch.Window) []dispatch.Flow { return []dispatch.Flow{{UserID: 1}} }

// TestPlans: every read of a step, and that of the silent hosts, goes along an index of its own, with the
// statistics of an idle moment and with those of a backlog, and none looks at more
// than it asks for: there is no scan of a table, no bitmap, and nothing of a queue
// that is sorted.
func TestPlans(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	exec := storetest.Exec(t, s)
	if _, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"http://a/1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RecordFetches(t.Context(), []media.Fetch{{Host: "a", Took: time.Second}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Heartbeat(t.Context(), processes.Process{ID: "worker", Role: "worker", Fetched: []processes.Fetched{{Image: 1, Token: 1}}}); err != nil {
		t.Fatal(err)
	}
	grow := func(stage, n int) {
		exec(`INSERT INTO images (stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, class, rank)
			SELECT $1::INT, 1, 1, 1, 1, n % 50, 1, n, '', 'host-' || n % 200, n % 2, CASE WHEN $1::INT >= 2 THEN n END
			FROM generate_series(1, $2::INT) AS n`, stage, n)
	}
	// What a step never does: read a table or the whole of an index's part, sort, or sum
	// up more than it has a limit for.
	tooMuch := regexp.MustCompile(`Seq Scan on (images|hosts)|Bitmap|Sort Key|(Hash|Merge)( \w+)* Join|Aggregate\n +->  Index`)
	check := func(moment string) {
		t.Helper()
		exec(`ANALYZE`)
		var all string
		// The planner is told what it is by a step.
		locked, err := s.TryAlone(t.Context(), "explain", 1, func(ctx context.Context, tx *sql.Tx) (bool, error) {
			e := &sqldbtest.Explaining{Querier: tx}
			request, plan := dispatch.Single(time.Minute, 10, 10)
			request.Walk, request.Users, request.Ranks = true, true, 4
			if _, err := s.Images.Read(ctx, e, request, everything{plan}); err != nil {
				return false, err
			}
			if _, err := s.Images.ReadSilent(ctx, e, time.Hour, 20); err != nil {
				return false, err
			}
			statement, args := s.Images.Move()
			err := e.Explain(ctx, statement, args...)
			all = strings.Join(e.Plans, "\n\n")
			return false, err
		})
		if err != nil || !locked {
			t.Fatalf("locked: %t, %v", locked, err)
		}
		for _, index := range []string{
			"images_due", "images_due_of_user", "images_line", "images_out", "images_of_user", "images_of_host", "images_parked", "images_parked_since",
			"hosts_open", "hosts_failing", "hosts_pkey", "images_pkey",
		} {
			if !regexp.MustCompile(`using ` + index + `\b`).MatchString(all) {
				t.Errorf("%s: nothing goes along %s", moment, index)
			}
		}
		if bad := tooMuch.FindString(all); bad != "" {
			t.Errorf("%s: %s", moment, bad)
		}
		if t.Failed() {
			t.Log(all)
		}
	}
	check("idle")
	grow(1, 20_000)
	check("with a backlog that is parked")
	exec(`DELETE FROM images WHERE position > 0`)
	exec(`VACUUM images`)
	check("idle again")
	grow(2, 20_000)
	grow(0, 5_000)
	grow(1, 20_000)
	check("with a backlog of all stages")
}
