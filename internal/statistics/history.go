package statistics

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/fault"
)

// The bounds of a History, and the name of its field.
const (
	DefaultMinutes = 60
	MaxMinutes     = 1440

	FieldMinutes = "minutes"
)

// History is what has happened lately. The minute that is not over is not among it; its last one may lack
// what a process has not written yet.
type History struct {
	AsOf   time.Time
	Length int     // minutes that a point stands for
	Points []Point // all of them, the earliest first
}

// Point is one of a chart: counts are sums, and the sample has the highest of each figure.
type Point struct {
	Minute

	Minutes int // that are over, of the minutes that it stands for: fewer than all in the last point
}

// lengthOf is how many minutes a point stands for, so that there are about a hundred at most. Each is a part
// of an hour, and points begin at multiples of it: a point stays what it was.
func lengthOf(minutes int) int {
	switch {
	case minutes <= 100:
		return 1
	case minutes <= 500:
		return 5
	default:
		return 15
	}
}

// Service reads the statistics.
type Service struct{ store Store }

// NewService returns the statistics that the store keeps.
func NewService(store Store) *Service { return &Service{store} }

// History returns the last so many minutes, and those that its first point has beside them; 0 stands for
// DefaultMinutes. bad are fields that could not be read. fault.Invalid, also where there are more than MaxMinutes.
func (s *Service) History(ctx context.Context, minutes int, bad fault.FieldErrors) (History, error) {
	if minutes < 0 || minutes > MaxMinutes {
		bad.Add(FieldMinutes, fmt.Sprintf("must be an integer from 1 to %d", MaxMinutes))
	}
	if err := bad.Err(); err != nil {
		return History{}, err
	}
	if minutes == 0 {
		minutes = DefaultMinutes
	}
	length := lengthOf(minutes)
	list, now, err := s.store.Minutes(ctx, time.Duration(minutes+length+1)*Length)
	if err != nil {
		return History{}, err
	}
	return history(list, now, minutes, length), nil
}

// history puts the minutes together.
func history(list []Minute, now time.Time, minutes, length int) History {
	h := History{AsOf: now, Length: length}
	each, end := time.Duration(length)*Length, now.Truncate(Length)
	first := end.Add(-time.Duration(minutes) * Length).Truncate(each)
	for at := first; at.Before(end); at = at.Add(each) {
		h.Points = append(h.Points, Point{Minute: Minute{At: at}, Minutes: min(length, int(end.Sub(at)/Length))})
	}
	for _, m := range list {
		if m.At.Before(first) || !m.At.Before(end) {
			continue
		}
		p := &h.Points[m.At.Sub(first)/each]
		p.Minute = p.with(m)
	}
	return h
}

// Plus is a point that stands for both; it begins when p does.
func (p Point) Plus(q Point) Point {
	return Point{Minute: p.with(q.Minute), Minutes: p.Minutes + q.Minutes}
}
