package wire

import "time"

// OrNil returns nil for the zero time, which answers leave out.
func OrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
