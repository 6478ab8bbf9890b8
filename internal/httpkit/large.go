package httpkit

import (
	"net/http"
	"time"
)

const (
	// leastRate is how many bytes of a large body must arrive in a second, on average,
	// after rateGrace.
	leastRate = 64 << 10
	rateGrace = 30 * time.Second
	// answerTime is how long the answer to a large body may take, from its end on.
	answerTime = 60 * time.Second
)

// AllowLarge lets the body of the request have so many bytes, and the time for them that
// a slow line needs. The parts that such a body is decoded in have MaxBodyBytes each.
func AllowLarge(r *http.Request, most int64) {
	b, wrapped := r.Body.(*Body)
	if !wrapped {
		return
	}
	b.most, b.bounded = most, nil
	b.pace.began = time.Now()
}

// Received gives the answer to a large body its time.
func Received(r *http.Request) {
	if b, wrapped := r.Body.(*Body); wrapped {
		// Without a connection there is no time to be given.
		_ = http.NewResponseController(b.pace.w).SetWriteDeadline(time.Now().Add(answerTime))
	}
}

// pace is how fast a large body arrives.
type pace struct {
	w     http.ResponseWriter
	began time.Time // zero: the body is none
}

// allow gives the next bytes behind so many their time.
func (p pace) allow(bytes int64) {
	if p.began.IsZero() {
		return
	}
	// Without a connection there is no time to be given.
	_ = http.NewResponseController(p.w).SetReadDeadline(p.began.Add(rateGrace + time.Duration(bytes)*time.Second/leastRate))
}

func mostBytes(r *http.Request) int64 {
	if b, wrapped := r.Body.(*Body); wrapped {
		return b.most
	}
	return MaxBodyBytes
}

// decodes is what decoding a body of so many bytes allocates at most: a large one is
// decoded in parts, and what is made of each is kept, which is as large as they are.
func decodes(bytes int64) int64 {
	return min(decodeFactor*bytes, bytes+decodeFactor*MaxBodyBytes)
}
