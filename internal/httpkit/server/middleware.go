package server

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/requestid"
)

const (
	maxRequestIDBytes = 64
	headerRequestID   = "X-Request-Id"
)

// ServeHTTP is the middleware of every route: request id, trace, limit on the body,
// drain of its rest, access log, recovery from panics.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := requestID(r)
	ctx, span := s.trace(r.Context(), r, id)
	r = r.WithContext(requestid.With(ctx, id))
	body := httpkit.WrapBody(w, r, s.Memory)
	resp := &response{ResponseWriter: w}
	resp.Header()[headerRequestID] = []string{id}
	resp.Header()["X-Content-Type-Options"] = []string{"nosniff"}
	if doubtfulFraming(r) || s.Stopping() {
		resp.Header()["Connection"] = []string{"close"}
	}
	early := false // the answer is sent before the body was read
	resp.before = func() {
		if early = mustDrain(r, body, resp.Header()); early {
			announceDrain(w)
		}
	}

	defer func() {
		broken := s.recovered(resp, r, recover())
		body.Free()
		s.logAccess(r, resp, body, start)
		endTrace(span, resp, body)
		if broken {
			panic(http.ErrAbortHandler) //nolint:forbidigo // how net/http closes a connection
		}
		if early {
			s.drain(w, body)
		}
	}()
	s.routes.ServeHTTP(resp, r)
}

// doubtfulFraming reports whether another server before us may see the end of
// this request elsewhere, so that what follows on the connection cannot be
// trusted: a chunked body, since net/http has hidden whether a Content-Length
// stood beside it (RFC 9112 section 6.1), and HTTP/1.0, where it ignores
// Transfer-Encoding.
func doubtfulFraming(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1)
}

// recovered answers for a handler that panicked. It reports whether the
// connection must be closed, because a part of the answer was sent already.
func (s *Server) recovered(w *response, r *http.Request, cause any) bool {
	if cause == nil {
		return false
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint,err113 // the value itself is the signal
		return true
	}
	s.Log.LogAttrs(r.Context(), slog.LevelError, "handler panicked",
		slog.String("request_id", requestid.From(r.Context())), slog.String("route", r.Pattern),
		slog.String("error", fmt.Sprint(cause)), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		return true
	}
	p, _ := httpkit.ProblemOf(nil)
	httpkit.WriteProblem(w, r, p)
	return false
}

func (s *Server) logAccess(r *http.Request, w *response, body *httpkit.Body, start time.Time) {
	took := time.Since(start)
	if s.Observe != nil {
		s.Observe(r, w.status, took-w.keptBack)
	}
	level := slog.LevelInfo
	if s.quiet[r.Pattern] {
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	out := w.bytes
	if r.Method == http.MethodHead {
		out = 0 // net/http drops it
	}
	s.Log.LogAttrs(r.Context(), level, "request",
		slog.String("request_id", requestid.From(r.Context())), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", w.status), slog.Duration("duration", took),
		slog.Int64("bytes_in", body.Bytes()), slog.Int64("bytes_out", out), slog.String("remote", r.RemoteAddr))
}

// requestID is the client's own id where that is fit for logs, else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get(headerRequestID)
	if id == "" || len(id) > maxRequestIDBytes || strings.ContainsFunc(id, unfitForLogs) {
		return rand.Text()
	}
	return id
}

func unfitForLogs(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
}

// response notes what was answered, for the access log.
type response struct {
	http.ResponseWriter
	before   func() // called before the header is written
	status   int    // 0 until the header is written
	bytes    int64  // of the body
	keptBack time.Duration
}

// KeptBack is told by httpkit.KeptBack.
func (r *response) KeptBack(d time.Duration) { r.keptBack += d }

func (r *response) WriteHeader(status int) {
	if status >= http.StatusOK {
		r.begin(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom lets files go to the socket without a copy through this process.
func (r *response) ReadFrom(src io.Reader) (int64, error) {
	r.begin(http.StatusOK)
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// Unwrap serves http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) begin(status int) {
	if r.status == 0 {
		r.status = status
		r.before()
	}
}
