package fetch

import (
	"context"
	"time"
)

// idle calls cancel unless it is fed within the limit.
type idle struct {
	limit time.Duration
	timer *time.Timer
}

func newIdle(limit time.Duration, cancel context.CancelCauseFunc) *idle {
	return &idle{limit: limit, timer: time.AfterFunc(limit, func() { cancel(errStalled) })}
}

func (i *idle) feed() { i.timer.Reset(i.limit) }
func (i *idle) stop() { i.timer.Stop() }
