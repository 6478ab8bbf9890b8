package frame

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/requestid"
)

// Answer is what a Handler answers with: a page, or another address.
type Answer struct {
	Page

	SeeOther string // below Path; "": the page
	Note     string // a sentence that the next page shows: what was done
}

// Handler answers a request of a principal that may send it.
type Handler func(r *http.Request) (Answer, error)

// Route is one page, or one change.
type Route struct {
	Method string
	Path   string // as http.ServeMux spells it, below Path
	Scope  auth.Scope
	// Recorded says that what is called writes its own entry in the audit log.
	Recorded bool
	Handle   Handler
	// Send answers with a file, in place of Handle; an error before its first byte is told by a page.
	Send func(w http.ResponseWriter, r *http.Request) error
}

// ErrSignIn is what Config.Enter returns where there is no session.
var ErrSignIn = errors.New("there is no session")

// lookTime bounds one look into the database.
const lookTime = time.Second

// Ask looks, and gives up after a second: an incident is when the console is needed. Its error then says so.
func Ask[T any](ctx context.Context, look func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	found, err := look(ctx)
	return found, fault.InTime(ctx, err)
}

// Handler answers for the route with a page of the set.
func (f *Frame) Handler(set Set, rt Route) http.Handler {
	change := rt.Method != http.MethodGet
	action := rt.Method + " " + Path + rt.Path
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if crossOrigin.Check(r) != nil {
			f.fail(w, r, httpkit.Refuse(http.StatusForbidden, "a page of another site may not send this request"))
			return
		}
		r, by, err := f.enter(r, rt.Scope) //nolint:contextcheck // the context is the request's
		if err != nil {
			if change && by.Key != 0 {
				f.record(r, by, action, auth.Refused)
			}
			f.fail(w, r, err)
			return
		}
		if rt.Send != nil {
			f.protect(w.Header())
			if err := rt.Send(w, r); err != nil {
				f.fail(w, r, err)
			}
			return
		}
		answer, err := rt.Handle(r)
		if change && (err != nil || !rt.Recorded) {
			f.record(r, by, action, outcome(err))
		}
		if err != nil {
			f.fail(w, r, err)
			return
		}
		f.answer(w, r, set, answer)
	})
}

// enter returns the request with its principal, also where that lacks the scope, or why it may not be
// answered: ErrSignIn, or a refusal.
func (f *Frame) enter(r *http.Request, scope auth.Scope) (in *http.Request, by auth.Principal, err error) {
	if in, err = f.Enter(r); err != nil {
		return r, by, err
	}
	by = auth.From(in.Context())
	if !by.May(scope) {
		err = httpkit.Refuse(http.StatusForbidden, "your key lacks the scope %s, which this page needs", scope)
	}
	return in, by, err
}

func outcome(err error) string {
	if err == nil {
		return auth.Done
	}
	p, _ := httpkit.ProblemOf(err)
	return "refused with " + strconv.Itoa(p.Status)
}

func (f *Frame) answer(w http.ResponseWriter, r *http.Request, set Set, a Answer) {
	if a.SeeOther != "" {
		if a.Note != "" {
			leaveNote(w, r, a.Note)
		}
		f.protect(w.Header())
		http.Redirect(w, r, Path+a.SeeOther, http.StatusSeeOther)
		return
	}
	if err := f.write(w, r, set, http.StatusOK, a.Page); err != nil {
		f.fail(w, r, err)
	}
}

// recordTime bounds how long an answer waits for its entry in the audit log.
const recordTime = 5 * time.Second

// record writes an entry about a change, which is answered all the same where that fails.
func (f *Frame) record(r *http.Request, by auth.Principal, action, outcome string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordTime)
	defer cancel()
	if err := f.Record(ctx, by, action, r.URL.EscapedPath(), outcome); err != nil {
		f.Log.ErrorContext(ctx, "a change is missing in the audit log", "route", action, "path", r.URL.Path, "outcome", outcome, "error", err)
	}
}

// problemPage is what the page of a problem shows.
type problemPage struct {
	httpkit.Problem

	RequestID string
	Database  bool // it does not answer
}

// fail answers with a page about the error, which loads itself again where that may help, or leads to the page
// on which one signs in.
func (f *Frame) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrSignIn) {
		f.signIn(w, r)
		return
	}
	p, header := httpkit.ProblemOf(err)
	if header[0] != "" {
		w.Header().Set(header[0], header[1])
	}
	id := requestid.From(r.Context())
	level := slog.LevelDebug
	if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		level = slog.LevelError
	}
	f.Log.LogAttrs(r.Context(), level, "request failed", slog.String("request_id", id), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", p.Status), slog.Any("error", err))
	page := Page{Title: p.Title, Name: "problem", Data: problemPage{Problem: p, RequestID: id, Database: p.Status == http.StatusServiceUnavailable}}
	if p.Status == http.StatusServiceUnavailable {
		page.Title = "The database does not answer"
		if fault.KindOf(err) != fault.Unavailable {
			page.Title = "The database is slow"
		}
		if r.Method == http.MethodGet {
			page.Again = 5 * time.Second
		}
	}
	if f.write(w, r, f.own, p.Status, page) != nil {
		httpkit.WriteProblem(w, r, p)
	}
}

// signIn leads to the page on which one signs in, and back from there: to the page of the form where one was sent.
func (f *Frame) signIn(w http.ResponseWriter, r *http.Request) {
	f.protect(w.Header())
	if r.Header.Get("Hx-Request") != "" || r.Header.Get("Accept") == typeStream {
		w.Header().Set("Hx-Refresh", "true") // a page that looks again is loaded again, and led there
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	to, back := Path+"/login", r.URL.RequestURI()
	if r.Method != http.MethodGet {
		back = Path
		if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
			back = u.RequestURI()
		}
	}
	if back != Path {
		to += "?to=" + url.QueryEscape(back)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// WriteLogin answers with the page on which one signs in, and why that failed, if it did.
func (f *Frame) WriteLogin(w http.ResponseWriter, r *http.Request, to string, failed error) {
	status, data := http.StatusOK, struct{ To, Failed string }{To: to}
	if failed != nil {
		p, _ := httpkit.ProblemOf(failed)
		status, data.Failed = p.Status, p.Detail
	}
	if err := f.write(w, r, f.own, status, Page{Title: "Sign in", Name: "login", Data: data}); err != nil {
		f.fail(w, r, err)
	}
}

// Missing answers where there is no page.
func (f *Frame) Missing() http.Handler {
	return f.Handler(nil, Route{Method: http.MethodGet, Scope: auth.Operator, Handle: func(*http.Request) (Answer, error) {
		return Answer{}, httpkit.Refuse(http.StatusNotFound, "there is no such page")
	}})
}
