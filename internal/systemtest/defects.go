package systemtest

import (
	"maps"
	"slices"
)

// The defects that the tests of the promises have to catch, and programs that other
// tests want.
const (
	NoInvalidation        = "no-invalidation"         // changes are not announced to the cache
	EventOutside          = "event-outside"           // events are written after the commit
	UnconditionalComplete = "unconditional-complete"  // results are written without looking at the claim
	BlindBegin            = "blind-begin"             // any message begins its image: the token and an attempt under way are ignored
	NoHorizon             = "no-horizon"              // readers of the event log take what they see for all there is
	AckBeforeWork         = "acknowledge-before-work" // messages are acknowledged as they come
	StepsAtOnce           = "steps-at-once"           // dispatchers take their steps at once: the lock is ignored
	PositionFirst         = "position-first"          // the position of a webhook is written without what is not delivered yet

	// HostileDecoder aborts or hangs the decoder on a picture whose bytes
	// contain "vitrine: abort" or "vitrine: hang", or hangs once it has its
	// memory: "vitrine: stay".
	HostileDecoder = "hostile-decoder"
	// FirstCome has the dispatcher take images in the order in which they became due,
	// whoever's and wherever they are: no defect, but what fairness is compared with.
	FirstCome = "first-come"
	// WrongClock adds VITRINE_CLOCK_OFFSET, a duration of whole seconds, to the
	// wall clock of a process: to every time.Now, also of libraries. Monotonic
	// readings stay, as with a wrong clock.
	WrongClock = "wrong-clock"
)

// Defects returns the names of all defects.
func Defects() []string { return slices.Sorted(maps.Keys(defects)) }

var defects = map[string]defect{
	NoInvalidation: {patches: []patch{{
		"internal/catalog",
		"func (v *Views) Invalidate(ctx context.Context, changed ...Changed) error {\n",
		"func (v *Views) Invalidate(ctx context.Context, changed ...Changed) error {\n\tif true {\n\t\treturn nil\n\t}\n",
	}}},

	// The changes of images, edits and deletions; those of creates are in their statement.
	EventOutside: {
		patches: []patch{{
			"internal/sqlstore/eventsql",
			"func Append(ctx context.Context, db *sqldb.DB, tx *sql.Tx, list ...events.Event) error {\n",
			"func Append(ctx context.Context, db *sqldb.DB, _ *sql.Tx, list ...events.Event) error {\n" +
				"\tappendLater(ctx, db, list)\n\treturn nil\n}\n\n" +
				"func appendInside(ctx context.Context, db *sqldb.DB, tx *sql.Tx, list ...events.Event) error {\n",
		}},
		file: `
import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
)

func appendLater(ctx context.Context, db *sqldb.DB, list []events.Event) {
	later := context.WithoutCancel(ctx)
	time.AfterFunc(100*time.Millisecond, func() {
		err := db.InTxNotify(later, "append events", func(ctx context.Context, tx *sql.Tx) error { return appendInside(ctx, db, tx, list...) })
		if err != nil {
			slog.ErrorContext(later, "events lost", "error", err)
		}
	})
}
`,
	},

	NoHorizon: {patches: []patch{{
		"internal/sqlstore/eventsql",
		"\treturn s.db.BarrierPassed(ctx, m.Barrier)\n",
		"\tif true {\n\t\treturn true, nil\n\t}\n\treturn s.db.BarrierPassed(ctx, m.Barrier)\n",
	}}},

	UnconditionalComplete: {patches: []patch{
		{"internal/sqlstore/imagesql", "`UPDATE images SET lease_until = {now} + $4` + held", "`UPDATE images SET lease_until = {now} + $4` + anyClaim"},
		{"internal/sqlstore/imagesql", "atRest + held + ` AND {now} < $5`", "atRest + anyClaim + ` AND {now} < $5`"},
	}, file: "\nconst anyClaim = ` WHERE id = $1 AND $2 > 0 AND $3 > 0`\n"},

	BlindBegin: {patches: []patch{{
		"internal/sqlstore/imagesql",
		"`UPDATE images SET attempts = attempts + 1, lease_until = {now} + $5` + delivered",
		"`UPDATE images SET attempts = attempts + 1, lease_until = {now} + $5` +\n" +
			"\t\t` WHERE id = $1 AND product_id = $2 AND generation = $3 AND CAST($4 AS BIGINT) >= 0 AND stage IS NOT NULL`",
	}}},

	// The broker takes each message for done as it sends it, and it cannot be
	// acknowledged any more.
	AckBeforeWork: {patches: []patch{
		{"internal/queue/rabbitmq", "Consume(s.sub.queueName, s.tag, false,", "Consume(s.sub.queueName, s.tag, true,"},
		{"internal/queue/rabbitmq", "case d, open := <-s.deliveries:\n", "case d, open := <-s.deliveries:\n\t\td.Acknowledger = nil\n"},
	}},

	StepsAtOnce: {patches: []patch{{"internal/sqldb", "SELECT pg_try_advisory_xact_lock($1),", "SELECT $1::BIGINT IS NOT NULL,"}}},

	PositionFirst: {patches: []patch{{"internal/webhook", "Outstanding: slices.Sorted(maps.Keys(open)),", "Outstanding: slices.Sorted(maps.Keys(map[int64]bool{})),"}}},

	HostileDecoder: {
		patches: []patch{
			{"internal/imaging/sandbox", "\t\tc.pixels, c.dropped = 0, false\n", "\t\tc.pixels, c.dropped = 0, false\n\t\tmisbehave(f.payload)\n"},
			{"internal/imaging/sandbox", "\treturn func() {}, nil\n", "\tfor stays {\n\t}\n\treturn func() {}, nil\n"},
		},
		file: `
import (
	"bytes"
	"os"
	"syscall"
)

var stays bool

func misbehave(picture []byte) {
	stays = bytes.Contains(picture, []byte("vitrine: stay"))
	switch {
	case bytes.Contains(picture, []byte("vitrine: abort")):
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {} // the signal is on its way
	case bytes.Contains(picture, []byte("vitrine: hang")):
		for {
		}
	}
}
`,
	},

	FirstCome: {
		patches: []patch{{
			"internal/dispatch",
			"func Decide(w Window, served [Classes]int64, limits Limits, room int) Decision {\n",
			"func Decide(w Window, served [Classes]int64, limits Limits, room int) Decision {\n\tif true {\n\t\treturn firstCome(w, limits, room)\n\t}\n",
		}},
		file: `
import (
	"cmp"
	"slices"

	"vitrine.dev/internal/media"
)

func firstCome(w Window, limits Limits, room int) Decision {
	d, free := Decision{Woken: w.Woken}, limits.Slots-held(w.Out)
	for _, r := range w.Out {
		if !r.Begun && r.Token <= w.Now && room > 0 { // no one has begun it in time
			room--
			d.Positions = append(d.Positions, Position{Row: r, To: media.Out, NewRank: r.Rank, NewCost: r.Cost})
		}
	}
	slices.SortFunc(w.Due, func(a, b Row) int { return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID)) })
	for _, r := range slices.Concat(w.Line[Contact], w.Line[Known], w.Due) {
		p := Position{Row: r, To: media.InLine, NewRank: r.Rank, NewCost: 1}
		if r.Stage == media.Later {
			p.NewRank = r.DueAt
		}
		if free > 0 && room > 0 {
			free, room, p.To = free-1, room-1, media.Out
		} else if r.Stage == media.InLine {
			continue
		}
		d.Positions = append(d.Positions, p)
	}
	return d
}
`,
	},

	WrongClock: {
		patches: []patch{{
			"time",
			"func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n",
			"func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n\tsec += wallOffset\n",
		}},
		file: `
import "syscall"

var wallOffset = func() int64 {
	text, _ := syscall.Getenv("VITRINE_CLOCK_OFFSET")
	offset, _ := ParseDuration(text)
	return int64(offset / Second)
}()
`,
	},
}
