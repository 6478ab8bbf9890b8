package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/guard"
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
// makes them, or an admin for another user. Changes of users, keys and webhooks record
// themselves, with what they change, unless they are refused.
func (d Deps) audited(rt server.Route) server.Route {
	if rt.Method == http.MethodGet || len(rt.Scopes) == 0 {
		return rt
	}
	has := func(scope auth.Scope) bool { return slices.Contains(rt.Scopes, string(scope)) }
	next, operators, recorded := rt.Handle, has(auth.Operator), has(auth.Admin) || has(auth.Webhooks)
	rt.Handle = func(w http.ResponseWriter, r *http.Request) error {
		err := next(w, r)
		by := auth.From(r.Context())
		switch {
		case d.Accounts == nil, err == nil && recorded:
			return err
		case by.ForAnother(), operators && by.May(auth.Operator):
		case operators && forbidden(err):
			d.recordRefused(r, rt, by)
			return err
		default:
			return err
		}
		outcome := auth.Done
		if err != nil {
			p, _ := httpkit.ProblemOf(err)
			outcome = "refused with " + strconv.Itoa(p.Status)
		}
		d.record(r, rt, outcome, func(ctx context.Context, action, target string) error {
			return d.Accounts.Record(ctx, by, action, target, outcome)
		})
		return err
	}
	return rt
}

// record has write write an entry about the request, which is answered all the same where that
// fails.
func (d Deps) record(r *http.Request, rt server.Route, outcome string, write func(ctx context.Context, action, target string) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordTimeout)
	defer cancel()
	if err := write(ctx, rt.Method+" "+rt.Path, target(r)); err != nil {
		d.Log.ErrorContext(ctx, "a change is missing in the audit log", "route", rt.Path, "path", r.URL.Path, "outcome", outcome, "error", err)
	}
}

func (d Deps) recordRefused(r *http.Request, rt server.Route, by auth.Principal) {
	d.record(r, rt, auth.Refused, func(ctx context.Context, action, target string) error {
		return d.Accounts.RecordRefused(ctx, by, action, target)
	})
}

// auditRefusals returns authorize as one whose refusals stand in the audit log: of changes of
// users and keys, of actions of operators, and of changes for another user.
func (d Deps) auditRefusals(authorize authorizer) authorizer {
	if d.Accounts == nil {
		return authorize
	}
	return func(r *http.Request, rt server.Route) (*http.Request, error) {
		known, err := authorize(r, rt)
		if known == nil || rt.Method == http.MethodGet || !forbidden(err) {
			return known, err
		}
		audited := func(scope string) bool { return scope == string(auth.Admin) || scope == string(auth.Operator) }
		if slices.ContainsFunc(rt.Scopes, audited) || len(r.Header[guard.HeaderUser]) > 0 {
			d.recordRefused(known, rt, auth.From(known.Context()))
		}
		return known, err
	}
}

// authorizer is guard.Guard's Authorize.
type authorizer = func(*http.Request, server.Route) (*http.Request, error)

func forbidden(err error) bool {
	if err == nil {
		return false
	}
	p, _ := httpkit.ProblemOf(err)
	return p.Status == http.StatusForbidden
}
