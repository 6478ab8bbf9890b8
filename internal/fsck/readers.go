package fsck

import (
	"context"
	"fmt"
)

// Reader is a durable reader of the log of events.
type Reader struct {
	Name     string
	Position int64
}

// readers looks for readers of events that are beyond the end of the log, which
// would skip what is written next. Nothing of the program leads to that: the
// database was changed by hand, or put together of two.
func (c *Checker) readers(ctx context.Context, report *Report) error {
	ahead, last, err := c.Store.ReadersAhead(ctx)
	if err != nil {
		return err
	}
	for _, r := range ahead {
		report.Found(ReaderAhead, 1, fmt.Sprintf("%s at %d, the last event is %d", r.Name, r.Position, last))
		if !c.cfg.Repair {
			continue
		}
		if err := c.Store.SetBackReader(ctx, r.Name, last); err != nil {
			return err
		}
		report.Repaired(ReaderAhead, 1)
	}
	return nil
}
