package products

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/line"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

const (
	// mostSuggested is how many texts are suggested at most.
	mostSuggested = 8
	// usersRead is how many users, by number, are looked at for one that begins with what is typed.
	usersRead = 50
	// suggestTime bounds the look for suggestions: later they are of no use.
	suggestTime = 500 * time.Millisecond
)

// suggestion is how the line can go on.
type suggestion struct {
	Line  string `json:"line"`            // all of it
	Label string `json:"label,omitempty"` // what that is
}

// suggest answers with how the line can go on behind the byte at; with none where that cannot be found out in time.
func (p *Pages) suggest(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get("q")
	if len(typed) > line.MaxBytes {
		typed = ""
	}
	at, ok := httpkit.ParseInteger(r.URL.Query().Get("at"), line.MaxBytes)
	if !ok {
		at = int64(len(typed))
	}
	list := p.suggestions(r.Context(), auth.From(r.Context()), typed, int(at))
	return httpkit.WriteFresh(w, http.StatusOK, list)
}

func (p *Pages) suggestions(ctx context.Context, by auth.Principal, typed string, at int) []suggestion {
	ctx, cancel := context.WithTimeout(ctx, suggestTime)
	defer cancel()
	c := line.Suggest(typed, at)
	list := []suggestion{}
	add := func(text, label string) {
		if done, _ := c.Complete(typed, text); done != typed && len(list) < mostSuggested {
			list = append(list, suggestion{done, label})
		}
	}
	selected, _ := line.Parse(typed)
	for _, text := range c.Texts {
		if c.Key == line.Status && selected.User == 0 && text != string(catalog.Failed) {
			add(text, "needs a user, too")
			continue
		}
		add(text, "")
	}
	var err error
	switch c.Key {
	case line.Host:
		var hosts []string
		hosts, err = p.hostsLike(ctx, strings.ToLower(c.Typed))
		for _, host := range hosts {
			add(host, "")
		}
	case line.User:
		var users []auth.User
		users, err = p.usersLike(ctx, by, c.Typed)
		for _, u := range users {
			add(strconv.FormatInt(u.ID, 10), u.Name)
		}
	default:
	}
	if err != nil { // who types on does without, and each key pressed asks again
		p.Log.DebugContext(ctx, "suggestions could not be read", "error", fault.InTime(ctx, err))
	}
	return list
}

// hostsLike are hosts that begin like that, by name; of those that fail while nothing is typed.
func (p *Pages) hostsLike(ctx context.Context, typed string) (names []string, err error) {
	filter := dispatch.HostFilter{After: typed}
	if typed == "" {
		filter.State = dispatch.HostFailing
	}
	found, _, err := p.Work.Hosts(ctx, filter, mostSuggested)
	if err != nil {
		return nil, err
	}
	for _, h := range found {
		if strings.HasPrefix(h.Name, typed) {
			names = append(names, h.Name)
		}
	}
	return names, nil
}

// usersLike are users whose number begins like that: all of them with their names for admins, and for
// operators those of the queue, without.
func (p *Pages) usersLike(ctx context.Context, by auth.Principal, typed string) (users []auth.User, err error) {
	if by.May(auth.Admin) {
		first, _ := httpkit.ParseInteger(typed, auth.MaxID)
		users, _, err = p.Accounts.Users(ctx, max(first-1, 0), usersRead)
	} else {
		var o dispatch.Overview
		o, err = p.Work.Overview(ctx)
		for _, u := range o.Users {
			users = append(users, auth.User{ID: u.UserID})
		}
	}
	return slices.DeleteFunc(users, func(u auth.User) bool { return !strings.HasPrefix(strconv.FormatInt(u.ID, 10), typed) }), err
}
