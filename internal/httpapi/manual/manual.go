// Package manual serves what people and programs read about the API: the description to
// browse, the documentation, and llms.txt.
package manual

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/swaggest/swgui/v5/static"

	"vitrine.dev/docs"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// own is the page, and what starts Swagger UI in it.
//
//go:embed page.html start.js
var own embed.FS

// policy lets the page load what this server has, and nothing else; no script or style
// stands in the page, and none is made of text. Swagger UI has images in its style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Page answers with the page that shows the description.
func Page(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Security-Policy", policy)
	return serve(w, r, own, "page.html")
}

// File answers with the file that the path names: a page of the documentation, or a part
// of the page above.
func File(w http.ResponseWriter, r *http.Request) error {
	switch name := r.PathValue("name"); {
	case path.Ext(name) == ".md", path.Ext(name) == ".json", path.Ext(name) == ".svg", name == "openapi.yaml":
		return serve(w, r, docs.FS, name)
	case name == "swagger-ui-bundle.js", name == "swagger-ui.css":
		return compressed(w, r, name)
	case name == "start.js":
		return serve(w, r, own, name)
	default:
		return errNone
	}
}

// Picture answers with the picture of the documentation that the path names.
func Picture(w http.ResponseWriter, r *http.Request) error {
	return serve(w, r, docs.FS, "images/"+r.PathValue("name"))
}

// Overview answers with the list of what programs may read (llmstxt.org).
func Overview(w http.ResponseWriter, r *http.Request) error { return serve(w, r, docs.FS, "llms.txt") }

var errNone = fault.New(fault.NotFound, "there is no such page")

func serve(w http.ResponseWriter, r *http.Request, files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return errNone
	case err != nil:
		return fmt.Errorf("page %s: %w", name, err)
	}
	send(w, r, name, text)
	return nil
}

// compressed serves a file of Swagger UI, which is kept compressed, as it is kept to
// clients that take that.
func compressed(w http.ResponseWriter, r *http.Request, name string) error {
	packed, err := static.FS.ReadFile(name + ".gz")
	if err != nil {
		return fmt.Errorf("file %s: %w", name, err)
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		send(w, r, name, packed)
		return nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("file %s: %w", name, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return fmt.Errorf("file %s: %w", name, err)
	}
	send(w, r, name, text)
	return nil
}

// send answers with the text of a file, which changes with the program.
func send(w http.ResponseWriter, r *http.Request, name string, text []byte) {
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	if httpkit.NotModified(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	httpkit.Write(w, http.StatusOK, types()[path.Ext(name)], text)
}

// types are the content types of the files, by the ends of their names.
func types() map[string]string {
	return map[string]string{
		".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".json": "application/json", ".svg": "image/svg+xml", ".webp": "image/webp",
		".md": "text/markdown; charset=utf-8", ".txt": "text/plain; charset=utf-8",
		".yaml": "application/openapi+yaml",
	}
}
