package cost_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
)

// lives is how many images live through the pipeline, two of each product.
const lives = 300

// written is what the statistics of a table count.
type written struct {
	Name                            string
	Inserted, Updated, Hot, Deleted int64
}

// statistics returns those of all tables, once they do not change any more: each
// process sends its own after a while.
func (p *postgres) statistics(t *testing.T) map[string]written {
	t.Helper()
	var last map[string]written
	for since, deadline := time.Now(), time.Now().Add(time.Minute); ; {
		now := map[string]written{}
		for _, table := range all(t, p, pgx.RowToStructByPos[written],
			`SELECT relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del FROM pg_stat_user_tables`) {
			now[table.Name] = table
		}
		quiet := maps.EqualFunc(now, last, func(a, b written) bool { return a.Inserted == b.Inserted && a.Deleted == b.Deleted })
		switch {
		case !quiet:
			last, since = now, time.Now()
		case time.Since(since) > 12*time.Second || time.Now().After(deadline):
			return now
		}
		p.exec(t, `SELECT pg_sleep(0.5)`)
	}
}

// TestRowVersions: over the life of an image with distinct content, one of two of its
// product, all tables together see at most nine row versions, half of the product's own
// insert and of its event included; and begin stays in its page (HOT). Only the way
// into the line, the dispatch and the completion change indexes.
func TestRowVersions(t *testing.T) {
	turn(t)
	p := newPostgres(t)
	env := systemtest.SharedServers(t)
	maps.Copy(env, p.env)
	env["LOG_LEVEL"] = "info"
	systemtest.Run(t, "migrate", env)
	photos := systemtest.NewSource(t)
	api := systemtest.Start(t, "api", env)
	systemtest.Start(t, "worker", env)
	c := api.Client()
	before := p.statistics(t)
	for i := 0; i < lives; i += 2 {
		c.Create(fmt.Sprint("Life ", i), photos.Numbered(i, 2)...)
	}
	for deadline := time.Now().Add(5 * time.Minute); p.number(t, `SELECT count(*) FROM images WHERE status = 'ready'`) < lives; {
		if time.Now().After(deadline) {
			t.Fatal("the images are not ready")
		}
		p.exec(t, `SELECT pg_sleep(0.2)`)
	}
	after := p.statistics(t)
	var versions, deleted int64
	var parts []string
	for name, a := range after {
		b := before[name]
		if n := a.Inserted - b.Inserted + a.Updated - b.Updated; n > 0 {
			versions += n
			parts = append(parts, fmt.Sprintf("%s %.2f", name, float64(n)/lives))
		}
		deleted += a.Deleted - b.Deleted
	}
	images := after["images"]
	updates, hot := float64(images.Updated-before["images"].Updated)/lives, float64(images.Hot-before["images"].Hot)/lives
	t.Logf("row versions for each image: %s; deletes %.2f; updates of images %.2f, of which HOT %.2f",
		strings.Join(parts, ", "), float64(deleted)/lives, updates, hot)
	limit(t, float64(versions)/lives, 9, "row versions over the life of an image")
	limit(t, updates-hot, 3.05, "updates of an image's row that are not HOT")
	limit(t, 1-hot, 0.05, "images whose begin was not HOT, as a share")
}
