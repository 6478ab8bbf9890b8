package server

import (
	"net/http"
	"time"

	"vitrine.dev/internal/httpkit"
)

// A client that sends its whole request before it reads would have its sending
// broken off by a reset, and never see the answer, where the connection is
// closed while its body is still on the way (RFC 9112 section 9.6). So what
// no one read of a body is read and thrown away after the answer, within these
// bounds; beyond them the connection is closed all the same.
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
// rest of the body is ours to read: net/http does so itself, before it answers,
// only where it is short and the connection is to be kept.
func mustDrain(r *http.Request, b *httpkit.Body, answer http.Header) bool {
	rest := b.Rest()
	kept := r.ProtoAtLeast(1, 1) && !r.Close && answer.Get("Connection") != "close"
	return rest != 0 && (rest < 0 || rest > maxPrompt || !kept)
}

// announceDrain has the answer sent at once and the connection closed after it.
func announceDrain(w http.ResponseWriter) {
	w.Header()["Connection"] = []string{"close"}
	// Without a connection there is nothing to drain either.
	_ = http.NewResponseController(w).EnableFullDuplex()
}

// drain reads what is left of the body, so that the client comes to read the
// answer. Where too many are drained already it leaves the connection to
// net/http, which closes it half a second after the answer.
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
		patience := min(maxDrainTime, drainGrace+time.Duration(drained)*time.Second/minDrainRate)
		if c.SetReadDeadline(began.Add(patience)) != nil {
			return
		}
		n, err := b.ReadRest(block)
		if err != nil {
			return
		}
		drained += int64(n)
	}
}
