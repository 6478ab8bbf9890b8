package webhook

import (
	"time"

	"vitrine.dev/internal/events"
)

func (p Policy) After(h Health, a Answer, now time.Time) Health { return p.after(h, a, now) }

func (p Policy) Result(d Delivery, a Answer) Result { return p.result(d, a) }

func BodyOf(e events.Event, epoch string) ([]byte, error) { return messageOf(e, epoch).Encode() }
