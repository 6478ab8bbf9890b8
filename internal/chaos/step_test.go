package chaos_test

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// stepBound is for how long a dispatcher may hold the others up that is frozen or
// dies in its step: the database ends its transaction after five seconds.
const stepBound = 15 * time.Second

// inStep is a dispatcher that was hit in its step.
type inStep struct {
	process string
	killed  bool
	took    time.Duration // until the others could go on
}

// hitInStep freezes the process in a step of its dispatcher, longer than the database
// lets a transaction idle, or kills it there.
func (in *injector) hitInStep(p *process, kill bool) {
	began := time.Now()
	name := "freeze a dispatcher in its step"
	if kill {
		name = "kill a dispatcher in its step"
	}
	step, found := in.catch(p)
	if !found {
		in.sys.t.Logf("%8s %s was not caught in a step", in.past.now().Round(time.Millisecond), p.name)
		return
	}
	in.sys.t.Logf("%8s %s (%s)", in.past.now().Round(time.Millisecond), name, p.name)
	in.count(name)
	caught := time.Now()
	if kill {
		in.restart(p)
	}
	for in.holds(step) && time.Since(caught) < 2*stepBound && pause(in.sys.t.Context(), 20*time.Millisecond) {
		continue
	}
	in.steps = append(in.steps, inStep{p.name, kill, time.Since(caught)})
	if !kill {
		pause(in.sys.t.Context(), time.Until(caught.Add(jobLease+5*time.Second)))
		p.Signal(syscall.SIGCONT)
	}
	in.hit(began)
}

// catch freezes the process in a step: one that holds the lock of the dispatchers
// for longer than any that goes on.
func (in *injector) catch(p *process) (step string, found bool) {
	const tries, looks = 400, 4
	for range tries {
		p.Signal(syscall.SIGSTOP)
		if step = in.stepNow(); step != "" {
			found = true
			for range looks {
				pause(in.sys.t.Context(), 100*time.Millisecond)
				if found = in.stepNow() == step; !found {
					break
				}
			}
			if found {
				return step, true
			}
		}
		p.Signal(syscall.SIGCONT)
		if !pause(in.sys.t.Context(), time.Duration(1+in.rng.IntN(20))*time.Millisecond) {
			break
		}
	}
	return "", false
}

func (in *injector) holds(step string) bool { return in.stepNow() == step }

// stepNow returns the transaction that has the lock of the dispatchers, if any.
func (in *injector) stepNow() (step string) {
	const key = 0x7669747269 // as imagesql has it
	in.sys.query(func(ctx context.Context, db *pgx.Conn) error {
		return db.QueryRow(ctx, `SELECT coalesce((SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted
			AND classid = $1 AND objid = $2 LIMIT 1), '')`, key>>32, key&0xffffffff).Scan(&step)
	})
	return step
}

// checkSteps reports how long dispatchers were held up by those that were hit.
func checkSteps(r *report, steps []inStep) {
	var wrong []string
	slowest, hit := map[bool]time.Duration{}, map[bool]int{}
	for _, s := range steps {
		hit[s.killed]++
		slowest[s.killed] = max(slowest[s.killed], s.took)
		if s.took > stepBound {
			wrong = append(wrong, fmt.Sprintf("%s for %s (killed: %t)", s.process, s.took, s.killed))
		}
	}
	for _, killed := range []bool{false, true} {
		if hit[killed] == 0 {
			wrong = append(wrong, fmt.Sprintf("no dispatcher was hit in its step (killed: %t): this shows nothing", killed))
		}
	}
	r.check("a dispatcher frozen or killed in its step holds the others up for at most "+stepBound.String(), wrong,
		"%d frozen, at most %s; %d killed, at most %s", hit[false], round(slowest[false]), hit[true], round(slowest[true]))
}
