package systemtest

import (
	"maps"
	"slices"
)

// The defects that the tests of the promises have to catch, and two that the
// environment of a process controls.
const (
	NoInvalidation        = "no-invalidation"         // changes are not announced to the cache
	OutboxOutside         = "outbox-outside"          // a create writes its outbox after its commit
	UnconditionalComplete = "unconditional-complete"  // results are written without looking at the claim
	AckBeforeWork         = "acknowledge-before-work" // messages are acknowledged as they come

	// HostileDecoder aborts or hangs the decoder on a picture whose bytes
	// contain "vitrine: abort" or "vitrine: hang".
	HostileDecoder = "hostile-decoder"
	// WrongClock adds VITRINE_CLOCK_OFFSET, a duration of whole seconds, to the
	// wall clock of a process: to every time.Now, also of libraries. Monotonic
	// readings stay, as with a wrong clock.
	WrongClock = "wrong-clock"
)

// Defects returns the names of all defects.
func Defects() []string { return slices.Sorted(maps.Keys(defects)) }

const anyClaim = "` WHERE id = $1 AND $2 > 0 AND $3 > 0"

var defects = map[string]defect{
	NoInvalidation: {patches: []patch{{
		"internal/catalog",
		"func (v *Views) Invalidate(ctx context.Context, c Changed) error {\n",
		"func (v *Views) Invalidate(ctx context.Context, c Changed) error {\n\tif true {\n\t\treturn nil\n\t}\n",
	}}},

	// The products that chaos creates have a key; those without one go without
	// their jobs, until a sweep finds them.
	OutboxOutside: {
		patches: []patch{{
			"internal/sqlstore/catalogsql",
			"append(atOnceArgs(n), once.Key, once.Fingerprint[:], once.TTL.Milliseconds())...))\n",
			"append(atOnceArgs(n), once.Key, once.Fingerprint[:], once.TTL.Milliseconds())...))\n" +
				"\t\tif err == nil {\n\t\t\ts.queueLater(ctx, p)\n\t\t}\n",
		}, {
			"internal/sqlstore/catalogsql",
			"\tjobs AS (\n\t\tINSERT INTO outbox (topic, body, image_id, user_id, place, due_at)\n",
			"\tjobs AS (\n",
		}},
		file: `
import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

func (s *Products) queueLater(ctx context.Context, p catalog.Product) {
	jobs := make([]outboxsql.Job, len(p.Images))
	for i, img := range p.Images {
		jobs[i] = outboxsql.Job{Job: media.Job{ImageID: img.ID, ProductID: p.ID, Generation: 1, Host: media.SourceHost(img.SourceURL)}}
	}
	later := context.WithoutCancel(ctx)
	time.AfterFunc(100*time.Millisecond, func() {
		err := s.db.InTxNotify(later, "queue jobs", func(ctx context.Context, tx *sql.Tx) error { return outboxsql.Enqueue(ctx, s.db, tx, jobs) })
		if err != nil {
			slog.ErrorContext(later, "jobs lost", "product", p.ID, "error", err)
		}
	})
}
`,
	},

	UnconditionalComplete: {patches: []patch{
		{"internal/sqlstore/imagesql", "`UPDATE images SET lease_until = {now} + $4`+held)", "`UPDATE images SET lease_until = {now} + $4`+" + anyClaim + "`)"},
		{"internal/sqlstore/imagesql", "held+` AND {now} < $5`", anyClaim + " AND {now} < $5`"},
	}},

	// The broker takes each message for done as it sends it, and it cannot be
	// acknowledged any more.
	AckBeforeWork: {patches: []patch{
		{"internal/queue/rabbitmq", "Consume(s.sub.queueName, s.tag, false,", "Consume(s.sub.queueName, s.tag, true,"},
		{"internal/queue/rabbitmq", "case d, open := <-s.deliveries:\n", "case d, open := <-s.deliveries:\n\t\td.Acknowledger = nil\n"},
	}},

	HostileDecoder: {
		patches: []patch{{"internal/imaging/sandbox", "\t\tc.pixels = 0\n", "\t\tc.pixels = 0\n\t\tmisbehave(f.payload)\n"}},
		file: `
import (
	"bytes"
	"os"
	"syscall"
)

func misbehave(picture []byte) {
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
