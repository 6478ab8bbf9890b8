package fsck

import (
	"context"
	"strconv"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

const (
	pageSize = 500
	// underway is how long a message that is due may wait for its relay before
	// it counts as left behind.
	underway = time.Minute
)

// messages looks for jobs in the outbox that no image needs.
func (c *Checker) messages(ctx context.Context, report *Report) error {
	for after := int64(0); ; {
		page, err := c.Store.JobMessages(ctx, after, pageSize)
		if err != nil {
			return err
		}
		report.Checked["job_messages"] += int64(len(page))
		for _, m := range page {
			after = m.ID
			if err := c.message(ctx, report, m); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (c *Checker) message(ctx context.Context, report *Report, m JobMessage) error {
	generation, orphan := m.orphan()
	if !orphan {
		return nil
	}
	report.Found(OrphanMessage, 1, "message "+strconv.FormatInt(m.ID, 10))
	if !c.cfg.Repair {
		return nil
	}
	dropped, err := c.Store.DropMessage(ctx, m.ID, generation)
	if err != nil {
		return err
	}
	if dropped {
		report.Repaired(OrphanMessage, 1)
	} else {
		report.Unrepaired(OrphanMessage, "a relay had just taken it, or its image waits for it by now")
	}
	return nil
}

// orphan reports whether no image needs the message, and of which generation of
// the image it is (0 where that cannot be read). One that is being delivered,
// or was due only just now, is left to the relay.
func (m JobMessage) orphan() (generation int64, orphan bool) {
	job, err := media.DecodeJob(m.Body)
	if m.Leased || m.Overdue >= 0 && m.Overdue < underway {
		return job.Generation, false
	}
	waiting := m.Status == catalog.Pending || m.Status == catalog.Processing
	return job.Generation, err != nil || !waiting || job.Generation != m.Generation
}
