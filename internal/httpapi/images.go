package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// getImage serves a stored object. Content under a key never changes, so the
// key itself is the entity tag.
func (a *api) getImage(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	if blob.CheckKey(key) != nil {
		return fault.New(fault.NotFound, "no such image")
	}
	// Where the connection knows no deadlines, the server's own stands.
	deadline := time.Now().Add(imageWriteTimeout)
	if err := http.NewResponseController(w).SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("get image %s: %w", key, err)
	}
	if r.Method == http.MethodHead {
		return a.headImage(w, r, key)
	}
	object, err := a.Images.Open(r.Context(), key)
	if err != nil {
		return fmt.Errorf("open image %s: %w", key, err)
	}
	defer object.Body.Close()
	tag := setImage(w.Header(), object.Info)
	if seeker, ok := object.Body.(io.ReadSeeker); ok {
		return serveSeeker(w, r, object.Info, seeker)
	}
	if notModified(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Length", strconv.FormatInt(object.Bytes, 10))
	w.WriteHeader(http.StatusOK)
	// The header is out: an answer cut short is all a client can be told.
	if _, err := io.Copy(w, object.Body); err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut a connection short
	}
	return nil
}

func (a *api) headImage(w http.ResponseWriter, r *http.Request, key string) error {
	info, err := a.Images.Stat(r.Context(), key)
	if err != nil {
		return fmt.Errorf("stat image %s: %w", key, err)
	}
	if notModified(r, setImage(w.Header(), info)) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Length", strconv.FormatInt(info.Bytes, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// setImage sets what is true of the object however much of it is sent.
func setImage(h http.Header, info blob.Info) (tag string) {
	tag = `"` + info.Key + `"`
	h.Set("Content-Type", info.ContentType)
	h.Set("Cache-Control", blob.CacheControl)
	h.Set("ETag", tag)
	if !info.Modified.IsZero() {
		h.Set("Last-Modified", info.Modified.UTC().Format(http.TimeFormat))
	}
	return tag
}

// serveSeeker lets net/http answer ranges and preconditions, and puts a
// problem in the place of its plain-text errors.
func serveSeeker(w http.ResponseWriter, r *http.Request, info blob.Info, body io.ReadSeeker) error {
	guard := &errorGuard{ResponseWriter: w}
	http.ServeContent(guard, r, "", info.Modified, body)
	switch guard.refused {
	case 0:
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		return refuse(guard.refused, "the range lies outside the image, which has %d bytes", info.Bytes)
	case http.StatusPreconditionFailed:
		return refuse(guard.refused, "the image is not the one that the precondition names")
	default:
		return fmt.Errorf("serve image %s: status %d", info.Key, guard.refused)
	}
}

// errorGuard holds back an answer that is an error.
type errorGuard struct {
	http.ResponseWriter
	refused int
}

func (g *errorGuard) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		g.refused = status
		return
	}
	g.ResponseWriter.WriteHeader(status)
}

func (g *errorGuard) Write(b []byte) (int, error) {
	if g.refused != 0 {
		return len(b), nil
	}
	return g.ResponseWriter.Write(b)
}

// ReadFrom keeps the way open for files to go to the socket uncopied.
func (g *errorGuard) ReadFrom(src io.Reader) (int64, error) {
	if g.refused != 0 {
		return io.Copy(io.Discard, src)
	}
	return io.Copy(g.ResponseWriter, src)
}
