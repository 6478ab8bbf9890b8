package frame

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
)

//go:embed assets/*.css assets/*.js
var assets embed.FS

// file is one that pages load.
type file struct {
	text  []byte
	sum   string // in its address, so that it is kept for as long as it does not change
	types string
}

// sumChars are enough to tell the versions of a file apart.
const sumChars = 12

func readFiles() (map[string]file, error) {
	entries, err := assets.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("files of the console: %w", err)
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	files := make(map[string]file, len(entries))
	for _, e := range entries {
		text, err := assets.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("file of the console: %w", err)
		}
		sum := sha256.Sum256(text)
		files[e.Name()] = file{text, hex.EncodeToString(sum[:])[:sumChars], types[path.Ext(e.Name())]}
	}
	return files, nil
}

// asset is the address of the file.
func (f *Frame) asset(name string) (string, error) {
	a, ok := f.files[name]
	if !ok {
		return "", fmt.Errorf("there is no file %s", name)
	}
	return Path + "/assets/" + a.sum + "/" + name, nil
}

// ServeFile answers with the file that the path names. Anyone may load it.
func (f *Frame) ServeFile(w http.ResponseWriter, r *http.Request) {
	a, ok := f.files[r.PathValue("name")]
	if !ok || a.sum != r.PathValue("sum") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.types)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(a.text)
}
