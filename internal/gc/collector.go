package gc

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
)

const (
	// share is how many partitions one turn looks at, so that what is published is
	// listed once in sixteen turns. Uploads and files of imports have no folder for each
	// partition: they are listed in every turn, as few are there at a time.
	share = Partitions / 16
	// turnLimit bounds what one turn deletes.
	turnLimit = 10_000
)

// Collector deletes in the background what nothing refers to. Any number may
// run, one of them takes each turn.
type Collector struct {
	files    *Files
	store    Store
	interval time.Duration
	by       string
	log      *slog.Logger
}

// NewCollector returns a Collector of which one takes a turn every interval, and
// deletes what the Config allows, of which Delete and Limit do not count.
func NewCollector(store Store, blobs Blobs, interval time.Duration, cfg Config, log *slog.Logger) *Collector {
	cfg.Delete, cfg.Limit = true, turnLimit
	files := NewFiles(store, blobs, cfg)
	return &Collector{files: files, store: store, interval: interval, by: cfg.By, log: log}
}

// Run collects until ctx is done. It asks for a turn at random moments, so that
// processes that were started together do not ask together.
func (c *Collector) Run(ctx context.Context) error {
	for backoff.Sleep(ctx, backoff.Jitter(c.interval)) == nil {
		report, err := c.Turn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			c.log.WarnContext(ctx, "collection failed, will be retried", "error", err)
		case report != nil && report.Refused != "":
			c.log.WarnContext(ctx, "nothing is collected", "why", report.Refused)
		}
		c.logReport(ctx, report)
	}
	return nil
}

// Turn takes a turn where one is due, and returns what it found: nil where it
// is not. Files that are missing or damaged are only reported: to repair them is
// for the operator to decide.
func (c *Collector) Turn(ctx context.Context) (*Report, error) {
	first, claimed, err := c.store.ClaimSlice(ctx, string(TaskCollector), c.interval, share, Partitions)
	if err != nil || !claimed {
		return nil, err
	}
	began := time.Now()
	report, err := c.turn(ctx, first)
	run := Run{Task: TaskCollector, Place: first, By: c.by, Repair: true, Took: time.Since(began)}
	if report.Refused != "" {
		run.Failure = "Nothing was looked at, since nothing may be deleted."
	}
	Record(ctx, c.store, run, report, err, c.log)
	return report, err
}

// turn looks at the partitions from first on: whatever is found is found in one turn of a round.
func (c *Collector) turn(ctx context.Context, first int) (*Report, error) {
	report := NewReport(Findings())
	report.Part = true
	if err := c.files.CheckOwner(ctx, report); err != nil || report.Refused != "" {
		return report, err
	}
	if err := c.files.MarkUnused(ctx, first, share); err != nil {
		return report, err
	}
	for i := range share {
		if _, err := c.files.Compare(ctx, report, first+i, nil); err != nil {
			return report, err
		}
	}
	if err := c.files.Unused(ctx, report, first, share); err != nil {
		return report, err
	}
	if err := c.files.Abandoned(ctx, report, first, share); err != nil {
		return report, err
	}
	return report, c.files.PurgeTombstones(ctx)
}

func (c *Collector) logReport(ctx context.Context, report *Report) {
	if report == nil {
		return
	}
	if missing, wrong := report.Of(MissingObject), report.Of(WrongSize); missing.Count+wrong.Count > 0 {
		c.log.WarnContext(ctx, "published files are missing or damaged: run `vitrine fsck --repair`",
			"missing", missing.Count, "missing_samples", missing.Samples, "wrong_size", wrong.Count, "wrong_size_samples", wrong.Samples)
	}
	files, results, sources := report.Of(OrphanObject), report.Of(UnusedRendition), report.Of(UnusedSource)
	level := slog.LevelDebug
	if files.Count+results.Count+sources.Count > 0 {
		level = slog.LevelInfo
	}
	c.log.Log(ctx, level, "collected", "objects", report.Checked["objects"],
		"orphan_objects", files.Count, "deleted", files.Repaired, "orphan_samples", files.Samples,
		"unused_renditions", results.Count, "renditions_deleted", results.Repaired, "rendition_samples", results.Samples,
		"unused_sources", sources.Count, "sources_deleted", sources.Repaired)
}
