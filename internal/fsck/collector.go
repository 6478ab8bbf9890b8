package fsck

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
)

const (
	chore = "collect orphans"
	// share is how many partitions one turn looks at, so that the storage is
	// listed once in sixteen turns.
	share = Partitions / 16
	// turnLimit bounds what one turn deletes.
	turnLimit = 10_000
)

// Collector deletes in the background what nobody refers to. Any number may
// run, one of them takes each turn.
type Collector struct {
	checker  *Checker
	interval time.Duration
	log      *slog.Logger
}

// NewCollector returns a Collector that has a turn taken every interval, and
// collects what nobody has referred to for grace. It needs of the parts only
// Store, Blobs and Log.
func NewCollector(p Parts, interval, grace time.Duration) *Collector {
	return &Collector{
		checker:  New(p, Config{Repair: true, Grace: grace, Limit: turnLimit}),
		interval: interval, log: p.Log,
	}
}

// Run collects until ctx is done. It asks for a turn at random moments, so that
// processes that were started together do not ask together.
func (c *Collector) Run(ctx context.Context) error {
	for backoff.Sleep(ctx, backoff.Jitter(c.interval)) == nil {
		report, err := c.Turn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			c.log.WarnContext(ctx, "collection postponed", "error", err)
		case report != nil && report.Shared:
			c.log.WarnContext(ctx, "nothing is collected: the storage is shared", "notes", report.Notes)
		}
		c.report(ctx, report)
	}
	return nil
}

// Turn takes a turn where one is due, and returns what it found: nil where it
// is not.
func (c *Collector) Turn(ctx context.Context) (*Report, error) {
	place, mine, err := c.checker.Store.ClaimSlice(ctx, chore, c.interval, share, Partitions)
	if err != nil || !mine {
		return nil, err
	}
	report := &Report{}
	if err := c.checker.owner(ctx, report); err != nil || report.Shared {
		return report, err
	}
	if err := c.checker.markUnused(ctx, place, share); err != nil {
		return report, err
	}
	for i := range share {
		d, again, err := c.checker.inspect(ctx, report, partition((place+i)%Partitions))
		if err == nil { // only reported: to make them again is for the operator to decide
			_, err = c.checker.broken(ctx, report, append(d.missing, d.wrong...), again)
		}
		if err == nil {
			err = c.checker.strays(ctx, report, d.strays, again)
		}
		if err != nil {
			return report, err
		}
	}
	if err := c.checker.unused(ctx, report); err != nil {
		return report, err
	}
	return report, c.checker.forget(ctx)
}

func (c *Collector) report(ctx context.Context, report *Report) {
	if report == nil {
		return
	}
	if missing, wrong := report.Of(MissingObject), report.Of(WrongSize); missing.Count+wrong.Count > 0 {
		c.log.WarnContext(ctx, "published files are missing or damaged: run `vitrine fsck --repair`",
			"missing", missing.Count, "missing_samples", missing.Samples, "wrong_size", wrong.Count, "wrong_size_samples", wrong.Samples)
	}
	files, results := report.Of(OrphanObject), report.Of(UnusedRendition)
	level := slog.LevelDebug
	if files.Count+results.Count > 0 {
		level = slog.LevelInfo
	}
	c.log.Log(ctx, level, "collected", "objects", report.Checked["objects"],
		"orphan_objects", files.Count, "deleted", files.Mended, "orphan_samples", files.Samples,
		"unused_renditions", results.Count, "renditions_deleted", results.Mended, "rendition_samples", results.Samples)
}
