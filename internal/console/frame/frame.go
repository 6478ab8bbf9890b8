package frame

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
)

// Path is where the console is served; every path of it begins with this.
const Path = "/console"

//go:embed templates/*.html
var layouts embed.FS

// Page is one page.
type Page struct {
	Title string
	Nav   string // the key of the entry of the navigation; "" for none
	Name  string // of its template: a file without .html
	Lead  string // a sentence below the title; "" for none
	Data  any
	// Live has the page looked at again when something changes; Often also while nothing does.
	Live, Often bool
	// Chart says that it has charts.
	Chart bool
	// Again is after how long the page is loaded again, also without scripts; 0: never.
	Again time.Duration
}

// Frame renders pages. It is safe for concurrent use.
type Frame struct {
	Config

	layout *template.Template
	own    Set
	files  map[string]file
	policy string
}

// Config is what a Frame needs.
type Config struct {
	// Pictures is an address below which the published pictures are: its origin is the one from
	// which the pages may load images.
	Pictures string
	// Enter returns a request as the handlers are to see it, with its principal, or ErrSignIn, or
	// why it may not be answered.
	Enter func(*http.Request) (*http.Request, error)
	// Record writes that the principal did, or was refused, an action: in the audit log.
	Record func(ctx context.Context, by auth.Principal, action, target, outcome string) error
	// Signs reports whether there are sessions: authentication is on.
	Signs bool
	Log   *slog.Logger
}

// New returns a Frame.
func New(c Config) (*Frame, error) {
	f := &Frame{Config: c, policy: policy(c.Pictures)}
	var err error
	if f.files, err = readFiles(); err != nil {
		return nil, err
	}
	f.layout, err = template.New("").Funcs(functions()).Funcs(template.FuncMap{"asset": f.asset}).ParseFS(layouts, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("layout of the console: %w", err)
	}
	f.own, err = f.Pages(layouts, "templates/problem.html", "templates/login.html")
	return f, err
}

// policy lets a page load what this server has, and images from where the published ones are; no
// script or style stands in a page, and none is made of text.
func policy(pictures string) string {
	images := "'self' data:"
	if u, err := url.Parse(pictures); err == nil && u.Host != "" {
		images += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src " + images +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// Set is the templates of some pages, by the names of their files.
type Set map[string]*template.Template

// Pages reads templates, each of which defines "content", and what it needs of its own.
func (f *Frame) Pages(files fs.FS, patterns ...string) (Set, error) {
	set := Set{}
	for _, pattern := range patterns {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, fmt.Errorf("templates %s: %w", pattern, err)
		}
		for _, name := range names {
			page, err := f.layout.Clone()
			if err == nil {
				page, err = page.ParseFS(files, name)
			}
			if err != nil {
				return nil, fmt.Errorf("template %s: %w", name, err)
			}
			set[strings.TrimSuffix(path.Base(name), ".html")] = page
		}
	}
	return set, nil
}

// shown is what the layout shows.
type shown struct {
	Page

	Menu  []group
	By    auth.Principal
	Signs bool
	Note  string // what was done by the request before
	Path  string // of the request, with its query
}

// write answers with the page. It is rendered before its first byte is sent.
func (f *Frame) write(w http.ResponseWriter, r *http.Request, set Set, status int, p Page) error {
	t, ok := set[p.Name]
	if !ok {
		return fmt.Errorf("there is no template %q", p.Name)
	}
	by := auth.From(r.Context())
	s := shown{Page: p, Menu: menu(by, p.Nav), By: by, Signs: f.Signs, Path: r.URL.RequestURI(), Note: takeNote(w, r)}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", s); err != nil {
		return fmt.Errorf("render the page %s: %w", p.Name, err)
	}
	h := w.Header()
	f.protect(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// protect sets the headers of every answer.
func (f *Frame) protect(h http.Header) {
	h.Set("Content-Security-Policy", f.policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
}
