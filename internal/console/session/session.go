// Package session says whom a request to the console acts for: by a session while authentication is on,
// else everyone, for requests that a guard lets in.
package session

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// cookie holds the token of a session.
const cookie = "vitrine_session"

// Sessions begins, knows and ends sessions. It is safe for concurrent use.
type Sessions struct {
	Keys     *auth.Authenticator
	Accounts *auth.Accounts
	// Login returns the principal of an API key with the request's address, for addresses that have not sent too
	// many wrong ones.
	Login func(r *http.Request, secret string) (auth.Principal, error)
	// Address is where a request came from.
	Address func(*http.Request) string
}

// Enter implements frame.Config's.
func (s *Sessions) Enter(r *http.Request) (*http.Request, error) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return r, frame.ErrSignIn
	}
	p, err := frame.Ask(r.Context(), func(ctx context.Context) (auth.Principal, error) { return s.Keys.Session(ctx, c.Value) })
	if errors.Is(err, auth.ErrNoSession) {
		return r, frame.ErrSignIn
	}
	if err != nil {
		return r, err
	}
	p.Address = s.Address(r)
	return r.WithContext(auth.With(r.Context(), p)), nil
}

// errScopes is the answer to a key that is good for other things.
var errScopes = fault.New(fault.Forbidden, "this key has neither the scope operator nor admin, which the console needs: make one with vitrine keys create --scope operator, or --admin")

// Routes adds the pages on which one signs in and out.
func (s *Sessions) Routes(mux *http.ServeMux, f *frame.Frame) {
	mux.HandleFunc("GET "+frame.Path+"/login", func(w http.ResponseWriter, r *http.Request) {
		f.WriteLogin(w, r, within(r.URL.Query().Get("to")), nil)
	})
	crossOrigin := http.NewCrossOriginProtection()
	mux.Handle("POST "+frame.Path+"/login", crossOrigin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := within(r.FormValue("to"))
		if err := s.begin(w, r); err != nil {
			f.WriteLogin(w, r, to, err)
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // within lets no address of another site through
	})))
	mux.Handle("POST "+frame.Path+"/logout", crossOrigin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.end(w, r); err != nil {
			f.WriteLogin(w, r, frame.Path, err)
			return
		}
		http.Redirect(w, r, frame.Path+"/login", http.StatusSeeOther)
	})))
}

// within returns the address where it is one of the console, else the page Now: no link leads to another site.
func within(to string) string {
	if to == frame.Path || strings.HasPrefix(to, frame.Path+"/") || strings.HasPrefix(to, frame.Path+"?") {
		return to
	}
	return frame.Path
}

func (s *Sessions) begin(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Login(r, strings.TrimSpace(r.PostFormValue("key")))
	if err != nil {
		return err
	}
	if !p.May(auth.Operator) {
		return errScopes
	}
	token, err := s.Accounts.BeginSession(r.Context(), p)
	if errors.Is(err, auth.ErrUnknownKey) {
		return httpkit.Refuse(http.StatusUnauthorized, "%s", auth.ErrUnknownKey.Message)
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, frame.NewCookie(r, cookie, token, int(auth.SessionLife.Seconds())))
	return nil
}

func (s *Sessions) end(w http.ResponseWriter, r *http.Request) error {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil //nolint:nilerr // who has no session has nothing to end
	}
	in, err := s.Enter(r)
	if err == nil {
		by := auth.From(in.Context()) //nolint:contextcheck // Enter's context is made of the request's
		err = s.Accounts.EndSession(r.Context(), by, c.Value)
	}
	if err != nil && !errors.Is(err, frame.ErrSignIn) {
		return err
	}
	http.SetCookie(w, frame.NewCookie(r, cookie, "", -1))
	return nil
}
