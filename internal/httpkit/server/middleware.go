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
	x := &exchange{start: time.Now()}
	id := requestID(r)
	ctx, span := s.trace(r.Context(), r, id)
	x.named = requestid.In(ctx, id)
	x.deadline.Context = &x.named  //nolint:fatcontext // it was made for it
	r = r.WithContext(&x.deadline) //nolint:contextcheck // made of that of r
	x.body.Wrap(w, r, &s.Memory)
	x.response = response{ResponseWriter: w, request: r, body: &x.body}
	header := w.Header()
	values := [...]string{id, "nosniff"}
	header[headerRequestID], header["X-Content-Type-Options"] = values[:1:1], values[1:]
	if doubtfulFraming(r) || s.Stopping() {
		header["Connection"] = []string{"close"}
	}

	defer func() {
		broken := s.recovered(&x.response, r, recover())
		x.body.Free()
		s.logAccess(r, x)
		endTrace(span, &x.response, &x.body)
		x.deadline.cancel()
		if broken {
			panic(http.ErrAbortHandler) //nolint:forbidigo // how net/http closes a connection
		}
		if x.response.early {
			s.drain(w, &x.body)
		}
	}()
	s.routes.ServeHTTP(&x.response, r)
}

// exchange is a request that is being answered: one piece of memory for what each of them has. Its
// context is that of the request until its end; what is found out of the request on the way is in contexts
// made of that one.
type exchange struct {
	start    time.Time
	named    requestid.Context // with the id and the trace
	deadline deadline          // the same with the limit of the route
	body     httpkit.Body
	response response
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

func (s *Server) logAccess(r *http.Request, x *exchange) {
	w, now := &x.response, time.Now()
	took := now.Sub(x.start)
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
	// Not by s.Log.LogAttrs, which looks for the line of code that calls it: a tenth of a cached read.
	line := slog.NewRecord(now, level, "request", 0)
	line.AddAttrs(slog.String("request_id", requestid.From(r.Context())), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", w.status), slog.Duration("duration", took),
		slog.Int64("bytes_in", x.body.Bytes()), slog.Int64("bytes_out", out), slog.String("remote", r.RemoteAddr))
	_ = s.Log.Handler().Handle(r.Context(), line) // as the logger has it
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
	request  *http.Request
	body     *httpkit.Body // of the request
	status   int           // 0 until the header is written
	bytes    int64         // of the body
	early    bool          // it is sent before the body of the request was read
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
		if r.early = mustDrain(r.request, r.body, r.Header()); r.early {
			announceDrain(r.ResponseWriter)
		}
	}
}
