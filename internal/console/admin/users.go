package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
)

// shownOf is how many entries a page of a list has.
const shownOf = 50

// list is a page of a list.
type list[T any] struct {
	Entries []T
	Next    string
}

// read returns a page of a list, and where the next one is.
func read[T any](r *http.Request, look func(ctx context.Context, after int64) ([]T, bool, error), id func(T) int64) (list[T], error) {
	more := false
	entries, err := frame.Ask(r.Context(), func(ctx context.Context) (entries []T, err error) {
		entries, more, err = look(ctx, frame.FormID(r, "after"))
		return entries, err
	})
	l := list[T]{Entries: entries}
	if more && err == nil {
		l.Next = frame.Query(r, "after", strconv.FormatInt(id(entries[len(entries)-1]), 10))
	}
	return l, err
}

func (p *Pages) users(r *http.Request) (frame.Answer, error) {
	found, err := read(r, func(ctx context.Context, after int64) ([]auth.User, bool, error) {
		return p.Accounts.Users(ctx, after, shownOf)
	}, func(u auth.User) int64 { return u.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list users: %w", err)
	}
	return frame.Answer{Page: frame.Page{Title: "Users and keys", Nav: "users", Name: "users", Lead: "Every product belongs to a user, and every key acts for one.", Data: found}}, nil
}

func (p *Pages) addUser(r *http.Request) (frame.Answer, error) {
	u, err := p.Accounts.AddUser(r.Context(), auth.From(r.Context()), auth.UserDraft{Name: r.PostFormValue("name"), Email: r.PostFormValue("email")})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("add user: %w", err)
	}
	return frame.Answer{SeeOther: userPath(u.ID), Note: "The user was added."}, nil
}

func userPath(id int64) string { return "/users/" + strconv.FormatInt(id, 10) }

// userPage is what the page of a user shows.
type userPage struct {
	auth.User
	list[auth.Key]

	Now     time.Time
	Secret  string // of the key that was just made
	Scopes  []auth.Scope
	HasKeys bool
}

func (p *Pages) user(r *http.Request) (frame.Answer, error) { return p.withSecret(r, "") }

// withSecret shows a user, with the text of a new key.
func (p *Pages) withSecret(r *http.Request, secret string) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	page := userPage{Now: time.Now(), Secret: secret, Scopes: auth.AllScopes(), HasKeys: p.HasKeys}
	if page.User, err = frame.Ask(r.Context(), func(ctx context.Context) (auth.User, error) { return p.Accounts.User(ctx, id) }); err != nil {
		return frame.Answer{}, fmt.Errorf("read user %d: %w", id, err)
	}
	page.list, err = read(r, func(ctx context.Context, after int64) ([]auth.Key, bool, error) {
		return p.Accounts.Keys(ctx, id, after, shownOf)
	}, func(k auth.Key) int64 { return k.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list keys of user %d: %w", id, err)
	}
	return frame.Answer{Page: frame.Page{Title: page.User.Name, Nav: "users", Name: "user", Data: page}}, nil
}

func (p *Pages) addKey(r *http.Request) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	if err := r.ParseForm(); err != nil {
		return frame.Answer{}, fmt.Errorf("read the form: %w", err)
	}
	draft := auth.KeyDraft{UserID: id, Name: r.PostForm.Get("name")}
	for _, s := range r.PostForm["scope"] {
		draft.Scopes = append(draft.Scopes, auth.Scope(s))
	}
	if days := frame.Count(r.PostForm.Get("days")); days > 0 {
		draft.Life = time.Duration(min(days, int64(auth.MaxLife/(24*time.Hour))+1)) * 24 * time.Hour
	}
	made, err := p.Accounts.CreateKey(r.Context(), auth.From(r.Context()), draft)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("create key: %w", err)
	}
	return p.withSecret(r, made.Secret)
}

func (p *Pages) rotateKey(r *http.Request) (frame.Answer, error) {
	key, err := frame.PathID(r, "key")
	if err != nil {
		return frame.Answer{}, err
	}
	made, err := p.Accounts.RotateKey(r.Context(), auth.From(r.Context()), key, auth.DefaultOverlap)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("rotate key %d: %w", key, err)
	}
	return p.withSecret(r, made.Secret)
}

func (p *Pages) revokeKey(r *http.Request) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	key, err := frame.PathID(r, "key")
	if err != nil {
		return frame.Answer{}, err
	}
	if _, err := p.Accounts.RevokeKey(r.Context(), auth.From(r.Context()), key); err != nil {
		return frame.Answer{}, fmt.Errorf("revoke key %d: %w", key, err)
	}
	return frame.Answer{SeeOther: userPath(id), Note: "The key is revoked: it is refused everywhere within seconds."}, nil
}

func (p *Pages) audit(r *http.Request) (frame.Answer, error) {
	found, err := read(r, func(ctx context.Context, before int64) ([]auth.Entry, bool, error) {
		return p.Accounts.Audit(ctx, before, shownOf)
	}, func(e auth.Entry) int64 { return e.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read the audit log: %w", err)
	}
	return frame.Answer{Page: frame.Page{Title: "Audit", Nav: "audit", Name: "audit", Lead: "Who did what, when, and from where. Kept for 400 days.", Data: found}}, nil
}

// settingsPage is what the page Settings shows.
type settingsPage struct{ Given, Defaults []Setting }

func (p *Pages) settings(*http.Request) (frame.Answer, error) {
	var page settingsPage
	for _, s := range p.Settings() {
		if s.Origin != "" {
			page.Given = append(page.Given, s)
		} else {
			page.Defaults = append(page.Defaults, s)
		}
	}
	return frame.Answer{Page: frame.Page{
		Title: "Settings", Nav: "settings", Name: "settings", Lead: "Every variable as this process has read it, and where from. They are changed where they come from.", Data: page,
	}}, nil
}
