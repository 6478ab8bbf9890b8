package server

import (
	"net/http"
	"time"

	"vitrine.dev/internal/httpkit"
)

// A client that sends its whole request before it reads would be interrupted by
// a reset, and never see the answer, if the connection were closed while its body
// is being sent (RFC 9112 section 9.6). So the unread rest of a body is read and
// discarded after the answer, within these bounds; beyond them the connection is
// closed anyway.
const (
	maxDrains    = 64 // connections at a time
	maxDrainTime = 10 * time.Second
	maxDrain     = 64 << 20 // bytes of one body
	minDrainRate = 1 << 20  // bytes a second on average, after
	drainGrace   = time.Second

	// maxPrompt is the rest of a body that net/http reads before it answers, so
	// that the connection can be used again: maxPostHandlerReadBytes in its
	// server.go.
	maxPrompt = 256 << 10
)

// mustDrain reports, before the header of the answer is written, whether the
// rest of the body must be read here: net/http does so itself, before it answers,
// only where it is short and the connection is to be kept.
func mustDrain(r *http.Request, b *httpkit.Body, answer http.Header) bool {
	rest := b.Rest()
	if rest == 0 {
		return false
	}
	kept := r.ProtoAtLeast(1, 1) && !r.Close && answer.Get("Connection") != "close"
	return rest < 0 || rest > maxPrompt || !kept
}

// announceDrain has the answer sent at once and the connection closed after it.
func announceDrain(w http.ResponseWriter) {
	w.Header()["Connection"] = []string{"close"}
	// Without a connection there is nothing to drain either.
	_ = http.NewResponseController(w).EnableFullDuplex()
}

// drain reads the rest of the body, so that the client gets to read the answer.
// Where too many are drained already net/http closes the connection half a second
// after the answer.
func (s *Server) drain(w http.ResponseWriter, b *httpkit.Body) {
	select {
	case s.drains <- struct{}{}:
	default:
		return
	}
	defer func() { <-s.drains }()
	c := http.NewResponseController(w)
	if c.Flush() != nil {
		return
	}
	began := time.Now()
	block := make([]byte, 32<<10)
	for drained := int64(0); drained < maxDrain; {
		allowed := min(maxDrainTime, drainGrace+time.Duration(drained)*time.Second/minDrainRate)
		if c.SetReadDeadline(began.Add(allowed)) != nil {
			return
		}
		n, err := b.ReadRest(block)
		if err != nil {
			return
		}
		drained += int64(n)
	}
}
