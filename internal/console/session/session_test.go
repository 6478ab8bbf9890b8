package session_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/console/session"
	"vitrine.dev/internal/fault"
)

// store is the sessions of one key.
type store struct {
	auth.Store
	auth.Lookup

	sessions map[auth.Digest]bool
}

func (s *store) AddSession(_ context.Context, d auth.Digest, _ int64, life time.Duration, _ auth.Entry) error {
	s.sessions[d] = life == 12*time.Hour
	return nil
}

func (s *store) EndSession(_ context.Context, d auth.Digest, _ auth.Entry) error {
	delete(s.sessions, d)
	return nil
}

func (s *store) KeyBySession(_ context.Context, d auth.Digest) (auth.Key, time.Duration, error) {
	if !s.sessions[d] {
		return auth.Key{}, 0, fault.New(fault.NotFound, "there is no such session")
	}
	return auth.Key{ID: 3, UserID: 7, Scopes: auth.Scopes{auth.Operator}}, time.Hour, nil
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	log, kept := slog.New(slog.DiscardHandler), &store{sessions: map[auth.Digest]bool{}}
	keys := map[string]auth.Scopes{"operator's": {auth.Operator}, "shop's": {auth.ProductsWrite}}
	// A new one each time: it remembers no session that has ended.
	known := func() *session.Sessions {
		return &session.Sessions{
			Keys: auth.NewAuthenticator(kept, log), Accounts: auth.NewAccounts(kept), Address: func(*http.Request) string { return "192.0.2.7" },
			Login: func(_ *http.Request, secret string) (auth.Principal, error) {
				if keys[secret] == nil {
					return auth.Principal{}, auth.ErrUnknownKey
				}
				return auth.Principal{Key: 3, User: 7, Scopes: keys[secret]}, nil
			},
		}
	}
	do := func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
		t.Helper()
		s := known()
		f, err := frame.New(frame.Config{Pictures: "x", Enter: s.Enter, Signs: true, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		s.Routes(mux, f)
		r := httptest.NewRequestWithContext(t.Context(), method, "http://shop.example/console"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	signIn := func(key, to string, headers ...string) *httptest.ResponseRecorder {
		return do(http.MethodPost, "/login", url.Values{"key": {key}, "to": {to}}.Encode(), headers...)
	}
	for name, got := range map[string]*httptest.ResponseRecorder{
		"no key":               signIn("", ""),
		"another key":          signIn("unknown", ""),
		"a key without scope":  signIn("shop's", ""),
		"a page of other site": signIn("operator's", "", "Sec-Fetch-Site", "cross-site"),
	} {
		if got.Code != http.StatusForbidden || len(got.Header()["Set-Cookie"]) != 0 || len(kept.sessions) != 0 {
			t.Errorf("%s: %d, %d sessions", name, got.Code, len(kept.sessions))
		}
	}
	for to, want := range map[string]string{
		"/console/failed?host=a": "/console/failed?host=a", "": "/console", "https://evil.example": "/console", "//evil.example": "/console",
		"/consoles": "/console", "/console": "/console",
	} {
		if got := signIn("operator's", to).Header().Get("Location"); got != want {
			t.Errorf("to %q leads to %q", to, got)
		}
	}
	got := signIn("operator's", "", "Origin", "https://shop.example", "Sec-Fetch-Site", "same-origin")
	c := cookieOf(t, got)
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/console" || c.MaxAge != 12*60*60 {
		t.Errorf("cookie %v", c)
	}
	for name, plain := range map[string]*httptest.ResponseRecorder{
		"what anyone may send": signIn("operator's", "", "X-Forwarded-Proto", "https"),
		"a page by http":       signIn("operator's", "", "Origin", "http://shop.example", "Sec-Fetch-Site", "same-origin"),
		"no browser":           signIn("operator's", ""),
	} {
		if cookieOf(t, plain).Secure {
			t.Errorf("%s: the cookie is for https only", name)
		}
	}
	enter := func() (*http.Request, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console", http.NoBody)
		r.AddCookie(c)
		return known().Enter(r)
	}
	in, err := enter()
	if err != nil {
		t.Fatal(err)
	}
	if p := auth.From(in.Context()); p.Key != 3 || p.User != 7 || p.Address != "192.0.2.7" {
		t.Errorf("the session is of %+v", p)
	}
	if got := do(http.MethodPost, "/logout", "", "Cookie", c.Name+"="+c.Value); got.Code != http.StatusSeeOther || cookieOf(t, got).MaxAge >= 0 {
		t.Errorf("signed out with %d", got.Code)
	}
	if _, err := enter(); err == nil {
		t.Error("the session goes on")
	}
}

// cookieOf is the one cookie that an answer sets.
func cookieOf(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
