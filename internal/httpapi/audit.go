package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
)

// recordTimeout bounds how long an answer waits for its entry.
const recordTimeout = 5 * time.Second

// maxTarget is where the path of an entry is cut.
const maxTarget = 200

// target is the path of the request as it was sent, escaped.
func target(r *http.Request) string {
	path := r.URL.EscapedPath()
	return path[:min(len(path), maxTarget)]
}

// audited returns the route as one whose changes stand in the audit log where an operator
// makes them, or an admin for another user. Changes of users and keys record
// themselves, with what they change.
func (d Deps) audited(rt server.Route) server.Route {
	if rt.Method == http.MethodGet || len(rt.Scopes) == 0 {
		return rt
	}
	next, operators := rt.Handle, slices.Contains(rt.Scopes, string(auth.Operator))
	rt.Handle = func(w http.ResponseWriter, r *http.Request) error {
		err := next(w, r)
		by := auth.From(r.Context())
		if d.Accounts == nil || !by.ForAnother() && !(operators && by.May(auth.Operator)) {
			return err
		}
		outcome := auth.Done
		if err != nil {
			p, _ := httpkit.ProblemOf(err)
			outcome = "refused with " + strconv.Itoa(p.Status)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordTimeout)
		defer cancel()
		if err := d.Accounts.Record(ctx, by, rt.Method+" "+rt.Path, target(r), outcome); err != nil {
			d.Log.ErrorContext(ctx, "a change is missing in the audit log", "route", rt.Path, "path", r.URL.Path, "outcome", outcome, "error", err)
		}
		return err
	}
	return rt
}
