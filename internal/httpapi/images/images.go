// Package images serves published images, and to those whom they belong to the pictures that
// they have sent, from the storage.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/upload"
)

// imageWriteTimeout replaces server.Limits.WriteTimeout for the body of an image.
const imageWriteTimeout = 5 * time.Minute

// Files is what a Handler needs of the storage.
type Files interface {
	// Open returns the object for reading. fault.NotFound; fault.Invalid for a
	// malformed key.
	Open(ctx context.Context, key string) (blob.Object, error)
	// Stat describes the object; errors as of Open.
	Stat(ctx context.Context, key string) (blob.Info, error)
}

// Handler serves stored images.
type Handler struct {
	Files   Files
	Service *catalog.Service
	Uploads *upload.Service
}

// Get serves a stored object. Content under a key never changes, so the
// key itself is the entity tag.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	if blob.CheckKey(key) != nil || blob.Private(key) {
		return fault.New(fault.NotFound, "no such image")
	}
	if err := allowTime(w); err != nil {
		return fmt.Errorf("get image %s: %w", key, err)
	}
	if r.Method == http.MethodHead {
		return h.head(w, r, key)
	}
	object, err := h.Files.Open(r.Context(), key)
	if err != nil {
		return fmt.Errorf("open image %s: %w", key, err)
	}
	defer object.Body.Close()
	return send(w, r, object, setImage(w.Header(), object.Info))
}

// send answers with the object, whose header was set, with the tag among it.
func send(w http.ResponseWriter, r *http.Request, object blob.Object, tag string) error {
	if seeker, ok := object.Body.(io.ReadSeeker); ok {
		return serveSeeker(w, r, object.Info, seeker)
	}
	if httpkit.NotModified(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Length", strconv.FormatInt(object.Bytes, 10))
	w.WriteHeader(http.StatusOK)
	// The header was sent: only a truncated answer can report the error.
	if _, err := io.Copy(w, object.Body); err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // how net/http closes a connection
	}
	return nil
}

// allowTime moves the deadline of the answer. Where the connection has none, the server's own applies.
func allowTime(w http.ResponseWriter) error {
	err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(imageWriteTimeout))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func (h *Handler) head(w http.ResponseWriter, r *http.Request, key string) error {
	info, err := h.Files.Stat(r.Context(), key)
	if err != nil {
		return fmt.Errorf("stat image %s: %w", key, err)
	}
	if httpkit.NotModified(r, setImage(w.Header(), info)) {
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

// serveSeeker lets net/http answer ranges and preconditions, and replaces
// its plain-text errors by problems.
func serveSeeker(w http.ResponseWriter, r *http.Request, info blob.Info, body io.ReadSeeker) error {
	guard := &errorGuard{ResponseWriter: w}
	http.ServeContent(guard, r, "", info.Modified, body)
	switch guard.refused {
	case 0:
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		return httpkit.Refuse(guard.refused, "the range lies outside the image, which has %d bytes", info.Bytes)
	case http.StatusPreconditionFailed:
		return httpkit.Refuse(guard.refused, "the image is not the one that the precondition names")
	default:
		return fmt.Errorf("serve image %s: status %d", info.Key, guard.refused)
	}
}

// errorGuard withholds an answer that is an error.
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

// ReadFrom lets files be sent to the socket without a copy.
func (g *errorGuard) ReadFrom(src io.Reader) (int64, error) {
	if g.refused != 0 {
		return io.Copy(io.Discard, src)
	}
	return io.Copy(g.ResponseWriter, src)
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	key := &huma.Param{Name: "key", In: "path", Required: true, Schema: openapi.Text("6f/6f02413910bdfbb76a202dab867b2484/w640.webp"), Description: "With its slashes as they are"}
	return &huma.Operation{
		OperationID: "getImage", Tags: []string{"images"}, Summary: "Read a published image",
		Description: "Content under a key never changes. Ranges and preconditions are answered where the storage allows it.",
		Parameters:  []*huma.Param{key},
		Responses: d.Responses(map[string]*huma.Response{
			"200": {Description: "The image", Content: map[string]*huma.MediaType{"image/*": {Schema: openapi.Binary()}}},
			"206": {Description: "A part of it", Content: map[string]*huma.MediaType{"image/*": {Schema: openapi.Binary()}}},
			"304": openapi.Response("The client has it already", nil),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable,
			http.StatusServiceUnavailable),
	}
}
