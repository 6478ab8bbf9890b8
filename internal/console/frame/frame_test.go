package frame_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
)

// setup is a frame whose requests act for the principal, none for a visitor, and its audit log.
type setup struct {
	*frame.Frame

	set   frame.Set
	by    *auth.Principal
	audit []string
}

func newSetup(t *testing.T, by *auth.Principal) *setup {
	t.Helper()
	s := &setup{by: by}
	var err error
	s.Frame, err = frame.New(frame.Config{
		Pictures: "https://pictures.example:8443/shop/x", Log: slog.New(slog.DiscardHandler),
		Enter: func(r *http.Request) (*http.Request, error) {
			if s.by == nil {
				return nil, frame.ErrSignIn
			}
			return r.WithContext(auth.With(r.Context(), *s.by)), nil
		},
		Record: func(_ context.Context, _ auth.Principal, action, target, outcome string) error {
			s.audit = append(s.audit, action+" "+target+" "+outcome)
			return nil
		},
	})
	if err == nil {
		s.set, err = s.Pages(fstest.MapFS{"page.html": {Data: []byte(`{{define "content"}}<h1>{{.Data}}</h1>{{end}}`)}}, "*.html")
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *setup) do(t *testing.T, method string, err error, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	const path = "/x"
	r := httptest.NewRequestWithContext(t.Context(), method, "http://shop.example"+frame.Path+path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler(s.set, frame.Route{Method: method, Path: path, Scope: auth.Operator, Handle: func(*http.Request) (frame.Answer, error) {
		if method == http.MethodPost && err == nil {
			return frame.Answer{SeeOther: "/failed", Note: "Done."}, nil
		}
		return frame.Answer{Page: frame.Page{Title: "A page", Name: "page", Data: "<b>5 & 6</b>"}}, err
	}}).ServeHTTP(w, r)
	return w
}

func operator() *auth.Principal { return &auth.Principal{Key: 3, Scopes: auth.Scopes{auth.Operator}} }

func TestPolicy(t *testing.T) {
	t.Parallel()
	w := newSetup(t, operator()).do(t, http.MethodGet, nil)
	want := "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https://pictures.example:8443; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("the policy is %s", got)
	}
	body := w.Body.String()
	if w.Code != http.StatusOK || !strings.Contains(body, "<h1>&lt;b&gt;5 &amp; 6&lt;/b&gt;</h1>") {
		t.Errorf("%d: %s", w.Code, body)
	}
	for _, inline := range []string{" style=", "<style", " onclick", "javascript:", "<script>"} {
		if strings.Contains(body, inline) {
			t.Errorf("the page has %s", inline)
		}
	}
	if strings.Contains(body, "/console/users") {
		t.Error("an operator is led to pages of admins")
	}
}

func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by      *auth.Principal
		method  string
		headers []string
		err     error
		status  int
		audit   []string
	}{
		"an operator changes":        {operator(), http.MethodPost, nil, nil, http.StatusSeeOther, []string{"POST /console/x /console/x done"}},
		"a change is refused":        {operator(), http.MethodPost, nil, fault.New(fault.Conflict, "it is done"), http.StatusConflict, []string{"POST /console/x /console/x refused with 409"}},
		"a page of another site":     {operator(), http.MethodPost, []string{"Sec-Fetch-Site", "cross-site"}, nil, http.StatusForbidden, nil},
		"an older browser's":         {operator(), http.MethodPost, []string{"Origin", "https://evil.example"}, nil, http.StatusForbidden, nil},
		"a key without the scope":    {&auth.Principal{Key: 4, Scopes: auth.Scopes{auth.ProductsWrite}}, http.MethodPost, nil, nil, http.StatusForbidden, []string{"POST /console/x /console/x refused"}},
		"no session":                 {nil, http.MethodGet, nil, nil, http.StatusSeeOther, nil},
		"no session, a form":         {nil, http.MethodPost, []string{"Referer", "http://shop.example/console/x"}, nil, http.StatusSeeOther, nil},
		"no session, another's form": {nil, http.MethodPost, []string{"Referer", "http://evil.example/console/y", "Sec-Fetch-Site", "none"}, nil, http.StatusSeeOther, nil},
		"no session, asked for live": {nil, http.MethodGet, []string{"Hx-Request", "true"}, nil, http.StatusUnauthorized, nil},
		"no database":                {operator(), http.MethodGet, nil, fault.New(fault.Unavailable, "it is down"), http.StatusServiceUnavailable, nil},
		"a slow database":            {operator(), http.MethodGet, nil, context.DeadlineExceeded, http.StatusServiceUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, c.by)
			w := s.do(t, c.method, c.err, c.headers...)
			if w.Code != c.status || !slices.Equal(s.audit, c.audit) {
				t.Errorf("%d, and the audit log has %q", w.Code, s.audit)
			}
			if c.status == http.StatusServiceUnavailable && (!strings.Contains(w.Body.String(), `http-equiv="refresh"`) || !strings.Contains(w.Body.String(), "The database")) {
				t.Errorf("the page does not say so, or does not come back: %s", w.Body)
			}
			want := "/console/login?to=%2Fconsole%2Fx"
			if strings.Contains(name, "another's") {
				want = "/console/login"
			}
			if c.by == nil && c.status == http.StatusSeeOther && w.Header().Get("Location") != want {
				t.Errorf("led to %s", w.Header().Get("Location"))
			}
		})
	}
}

// TestNoteIsShownOnce: what was done stands on the next page, as text.
func TestNoteIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t, operator())
	w := s.do(t, http.MethodPost, nil)
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != "/console" {
		t.Fatalf("cookies %v", cookies)
	}
	w = s.do(t, http.MethodGet, nil, "Cookie", cookies[0].Name+"="+cookies[0].Value)
	if !strings.Contains(w.Body.String(), "Done.") {
		t.Errorf("the note is missing: %s", w.Body)
	}
	if gone := w.Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("the note stays: %v", gone)
	}
}

// TestAskSaysThatItGaveUp: whatever the driver says then; another error is passed on.
func TestAskSaysThatItGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("bad connection")
		for took, late := range map[time.Duration]bool{0: false, 2 * time.Second: true} {
			_, err := frame.Ask(t.Context(), func(context.Context) (int, error) { time.Sleep(took); return 0, broken })
			if !errors.Is(err, broken) || errors.Is(err, context.DeadlineExceeded) != late {
				t.Errorf("after %s: %v", took, err)
			}
		}
	})
}
