package httpkit

import (
	"net/http"
	"time"
)

const (
	// minBodyRate is how fast a long body must arrive on average, in bytes a second, after bodyGrace.
	minBodyRate = 64 << 10
	bodyGrace   = 30 * time.Second
	// answerTime is for the work on a long body and its answer, once it has arrived.
	answerTime = 60 * time.Second
)

// LongBody has the request's body have up to so many bytes, at minBodyRate: its handler reads it
// a piece at a time, so that it takes no memory for all of it. Where more was announced, the error says
// so before a client that waits for 100 Continue sends it.
func LongBody(r *http.Request, most int64) error {
	b, wrapped := r.Body.(*Body)
	if !wrapped {
		return nil
	}
	if b.length > most {
		return BodyRefusal(&http.MaxBytesError{Limit: most})
	}
	length := most
	if b.length >= 0 {
		length = b.length
	}
	b.ReadCloser = http.MaxBytesReader(b.answer, b.whole, most)
	arrived := time.Now().Add(bodyGrace + time.Duration(length)*time.Second/minBodyRate)
	// Where the connection has no deadlines there is nothing to move.
	c := http.NewResponseController(b.answer)
	_ = c.SetReadDeadline(arrived)
	_ = c.SetWriteDeadline(arrived.Add(answerTime))
	return nil
}
