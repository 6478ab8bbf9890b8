package fsck

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// Config says how old things must be to be wrong, and whether they are repaired.
type Config struct {
	Repair     bool
	Grace      time.Duration // how long files and results that nothing refers to are left alone
	Silence    time.Duration // a lease that ended longer ago should have been swept
	Policy     media.Policy  // as in media.SweeperConfig
	CacheLease time.Duration // how long a cached product may live
	Epoch      string        // of the installation, in the keys of the cache
	// UploadLife and MayDelete are as in gc.Config.
	UploadLife time.Duration
	MayDelete  func(ctx context.Context) error
	By         string // who checks, for the record of the run
}

// Parts are what is compared.
type Parts struct {
	Store    Store
	Blobs    gc.Blobs
	Cache    Cache                              // nil: out of this process's reach
	Queue    Depths                             // nil: out of this process's reach
	Announce catalog.Announcer                  // of what was repaired, to the cache
	Progress func(done, all int, objects int64) // of the storage; may be nil
	Log      *slog.Logger
}

// Checker compares the parts.
type Checker struct {
	Parts

	cfg   Config
	files *gc.Files
}

// New returns a Checker.
func New(p Parts, cfg Config) *Checker {
	return &Checker{Parts: p, cfg: cfg, files: gc.NewFiles(p.Store, p.Blobs, gc.Config{
		Delete: cfg.Repair, Grace: cfg.Grace, UploadLife: cfg.UploadLife, MayDelete: cfg.MayDelete,
	})}
}

// pageSize is how many rows are read or changed at once.
const pageSize = 500

// maxWait is the longest grace that a repair waits for, so that it can collect
// in one run what it has only now found unused.
const maxWait = 30 * time.Second

// Run compares everything, and repairs what it can where the Config says so. It
// is safe beside a running system, and bounded in memory: see gc.Partitions. Its
// error is that a part could not be read; the report then holds what was found
// before. Either way it is recorded.
func (c *Checker) Run(ctx context.Context) (*Report, error) {
	began := time.Now()
	report, err := c.run(ctx, began)
	run := gc.Run{Task: gc.TaskFsck, By: c.cfg.By, Repair: c.cfg.Repair, Took: time.Since(began)}
	gc.Record(ctx, c.Store, run, &report.Report, err, c.Log)
	return report, err
}

func (c *Checker) run(ctx context.Context, began time.Time) (*Report, error) {
	report := newReport()
	if c.cfg.Repair {
		if err := c.files.MarkUnused(ctx, 0, gc.Partitions); err != nil {
			return report, err
		}
	}
	for _, check := range []func(context.Context, *Report) error{
		c.images, c.waiting, c.owner, c.storage, c.products, c.readers,
	} {
		if err := check(ctx, report); err != nil {
			return report, err
		}
	}
	if rest := c.cfg.Grace - time.Since(began); c.cfg.Repair && rest > 0 && c.cfg.Grace <= maxWait {
		if err := backoff.Sleep(ctx, rest); err != nil {
			return report, fmt.Errorf("wait for the grace period: %w", err)
		}
	}
	if err := c.files.Unused(ctx, &report.Report, 0, gc.Partitions); err != nil {
		return report, err
	}
	if err := c.files.Abandoned(ctx, &report.Report, 0, gc.Partitions); err != nil || !c.cfg.Repair {
		return report, err
	}
	return report, c.files.PurgeTombstones(ctx)
}

func (c *Checker) owner(ctx context.Context, report *Report) error {
	return c.files.CheckOwner(ctx, &report.Report)
}

// images looks for images whose worker stopped, and has them taken up.
func (c *Checker) images(ctx context.Context, report *Report) error {
	count, ids, err := c.Store.Silent(ctx, c.cfg.Silence, gc.MaxSamples)
	if err != nil {
		return err
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = "image " + strconv.FormatInt(id, 10)
	}
	report.Found(StuckProcessing, count, names...)
	if !c.cfg.Repair || count == 0 {
		return nil
	}
	return c.sweep(ctx, report)
}

// sweep recovers them the way the workers' sweep does, and counts what is left.
func (c *Checker) sweep(ctx context.Context, report *Report) error {
	lost := media.Lost()
	for {
		swept, err := c.Store.Sweep(ctx, media.SweepPolicy{Limit: pageSize, Lost: lost, Decide: c.cfg.Policy.Decide(lost)})
		media.AnnounceLost(ctx, c.Announce, swept)
		if err != nil {
			return err
		}
		if len(swept) == 0 {
			break
		}
	}
	left, _, err := c.Store.Silent(ctx, c.cfg.Silence, 1)
	report.Repaired(StuckProcessing, max(0, report.Of(StuckProcessing).Count-left))
	return err
}

// waiting looks at the queue for dead letters that no one takes.
func (c *Checker) waiting(ctx context.Context, report *Report) error {
	if c.Queue == nil {
		report.Skip("The queue was not checked: it lives in the process of its worker.", DeadMessagesWaiting)
		return nil
	}
	work, err := c.Queue.Depth(ctx, queue.Work)
	var dead queue.Depth
	if err == nil {
		dead, err = c.Queue.Depth(ctx, queue.Dead)
	}
	if err != nil {
		report.Skip("The queue was not checked: "+err.Error(), DeadMessagesWaiting)
		return nil //nolint:nilerr // noted
	}
	report.Checked["queue_messages"] += int64(work.Ready)
	report.Checked["dead_messages"] += int64(dead.Ready)
	if dead.Ready > 0 && dead.Consumers == 0 {
		report.Found(DeadMessagesWaiting, int64(dead.Ready))
		report.Unrepaired(DeadMessagesWaiting, "start a worker: workers drain the dead-letter queue")
	}
	return nil
}
