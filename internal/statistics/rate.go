package statistics

import "time"

// ReadyPerMinute is the mean over at least so many minutes, the last of those that are over, as far as there
// are as many: points are not divided.
func (h History) ReadyPerMinute(minutes int) float64 {
	ready, of := int64(0), 0
	for i := len(h.Points) - 1; i >= 0 && of < minutes; i-- {
		ready, of = ready+h.Points[i].Ready, of+h.Points[i].Minutes
	}
	if of == 0 {
		return 0
	}
	return float64(ready) / float64(of)
}

// Ended returns within what time the attempts have ended that the point counts, to included: a process writes its
// counts to the minute in the middle of the time that they are of, which is a minute.
func (p Point) Ended() (from, to time.Time) {
	return p.At.Add(-Length / 2), p.At.Add(time.Duration(p.Minutes)*Length + Length/2)
}
