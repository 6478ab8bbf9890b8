package chaos_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// dieDelivering kills the worker that delivers webhooks while a receiver holds its answers back,
// so that events are under way, and others behind them are queued.
func (in *injector) dieDelivering() {
	ctx := in.sys.t.Context()
	for _, rc := range in.hooks {
		if rc.how != held {
			continue
		}
		end := rc.hold()
		for range 4000 { // a lease of a process that has died may have to run out
			if rc.held() > 0 || !pause(ctx, 10*time.Millisecond) {
				break
			}
		}
		pause(ctx, time.Second) // so that it is written how far it has read
		before := rc.held()
		in.hit(time.Now())
		for _, p := range in.sys.workers {
			if rc.held() == 0 {
				break
			}
			p.Kill()
			pause(ctx, 500*time.Millisecond) // its connections are broken off
		}
		if before == 0 || rc.held() > 0 {
			in.sys.t.Logf("%8s no one was killed who delivers: %d requests were held back, %d are", in.past.now().Round(time.Millisecond), before, rc.held())
		} else {
			in.count("kill a process that delivers")
		}
		end()
		for _, p := range in.sys.workers {
			if p.Ended() {
				in.start(p)
			}
		}
	}
}

// powerCut kills all processes at once, in the middle of an import.
func (in *injector) powerCut() {
	ctx, name := in.sys.t.Context(), "kill all processes"
	for range 3000 {
		var writing bool
		in.sys.query(func(ctx context.Context, db *pgx.Conn) error {
			return db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM imports JOIN dead_jobs ON id = job_id
				WHERE state = 'running' AND phase = 'writing' AND rows_read > 0)`).Scan(&writing)
		})
		if writing {
			name = "kill all processes in the middle of an import"
			break
		}
		if !pause(ctx, 10*time.Millisecond) {
			break
		}
	}
	in.count(name)
	in.hit(time.Now())
	for _, p := range in.sys.processes() {
		p.Kill()
	}
	for _, p := range in.sys.processes() {
		in.start(p)
	}
}
