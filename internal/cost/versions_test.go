package cost_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/bench/limit"
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
		for _, table := range limit.All(t, p.Postgres, pgx.RowToStructByPos[written],
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
		p.Exec(t, `SELECT pg_sleep(0.5)`)
	}
}

// TestRowVersions: over the life of an image with distinct content, one of two of its
// product, all tables together see at most nine row versions, half of the product's own
// insert and of its event included; and begin stays in its page (HOT). Only the way
// into the line, the dispatch and the completion change indexes. An image that has to
// wait for its host or for a slot is written once more.
func TestRowVersions(t *testing.T) {
	turn(t)
	p := newPostgres(t)
	env := systemtest.SharedServers(t)
	maps.Copy(env, p.Env)
	env["LOG_LEVEL"] = "info"
	systemtest.Run(t, "migrate", env)
	photos := systemtest.NewSource(t)
	api := systemtest.Start(t, "api", env)
	systemtest.Start(t, "worker", env)
	c := api.Client()
	await := func(most int64) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); p.Number(t, `SELECT count(*) FROM images WHERE status = 'pending'`) > most; {
			if time.Now().After(deadline) {
				t.Fatal("the images are not ready")
			}
			p.Exec(t, `SELECT pg_sleep(0.02)`)
		}
	}
	c.Create("The host answers", photos.Numbered(1, 1)...)
	await(0)
	number := 2
	measure := func(name string, waiting int64, most, indexed, moved float64) {
		before := p.statistics(t)
		for range lives / 2 {
			await(waiting)
			c.Create(fmt.Sprint("Life ", number), photos.Numbered(number, 2)...)
			number += 2
		}
		await(0)
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
		slices.Sort(parts)
		images := after["images"]
		updates, hot := float64(images.Updated-before["images"].Updated)/lives, float64(images.Hot-before["images"].Hot)/lives
		t.Logf("%s: row versions for each image: %s; deletes %.2f; updates of images %.2f, of which HOT %.2f",
			name, strings.Join(parts, ", "), float64(deleted)/lives, updates, hot)
		if images.Updated == before["images"].Updated {
			t.Errorf("%s: no image was updated: this shows nothing", name)
		}
		atMost(t, float64(versions)/lives, most, "%s: row versions over the life of an image", name)
		atMost(t, updates-hot, indexed, "%s: updates of an image's row that are not HOT", name)
		atMost(t, 1-hot, moved, "%s: images whose begin was not HOT, as a share", name)
	}
	measure("nothing else waits", 0, 9, 2.1, 0.05)
	measure("150 products at once, of one host", lives, 10, 4.05, 0.05)
}
