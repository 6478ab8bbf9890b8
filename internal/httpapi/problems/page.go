// Package problems serves the pages that explain the kinds of problems.
package problems

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

//go:embed page.html
var text string

// Page answers with the page of the kind that the path names. It asks for nothing
// else, and what it may do is limited to its own style.
func Page(w http.ResponseWriter, r *http.Request) error {
	page, err := template.New("page").Parse(text)
	if err != nil {
		return fmt.Errorf("page of problems: %w", err)
	}
	for _, kind := range httpkit.ProblemKinds() {
		if kind.Text == "" || kind.Name != r.PathValue("name") {
			continue
		}
		var b bytes.Buffer
		if err := page.Execute(&b, map[string]any{"Kind": kind, "Phrase": httpkit.StatusText(kind.Status)}); err != nil {
			return fmt.Errorf("page of %s: %w", kind.Name, err)
		}
		w.Header().Set("Content-Security-Policy", policy())
		w.Header().Set("Cache-Control", "no-cache")
		httpkit.Write(w, http.StatusOK, "text/html; charset=utf-8", b.Bytes())
		return nil
	}
	return fault.New(fault.NotFound, "there is no such kind of problem")
}

// policy allows the style and nothing else (Content Security Policy Level 3).
func policy() string {
	_, style, _ := strings.Cut(text, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
