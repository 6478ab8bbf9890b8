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
	switch c.Key {
	case line.Host:
		for _, host := range p.hostsLike(ctx, strings.ToLower(c.Typed)) {
			add(host, "")
		}
	case line.User:
		for _, u := range p.usersLike(ctx, by, c.Typed) {
			add(strconv.FormatInt(u.ID, 10), u.Name)
		}
	default:
	}
	return list
}

// hostsLike are hosts that begin like that, by name; of those that fail while nothing is typed.
func (p *Pages) hostsLike(ctx context.Context, typed string) (names []string) {
	filter := dispatch.HostFilter{After: typed}
	if typed == "" {
		filter.State = dispatch.HostFailing
	}
	found, _, err := p.Work.Hosts(ctx, filter, mostSuggested)
	if err != nil {
		return nil
	}
	for _, h := range found {
		if strings.HasPrefix(h.Name, typed) {
			names = append(names, h.Name)
		}
	}
	return names
}

// usersLike are users whose number begins like that: all of them with their names for admins, and for
// operators those of the queue, without.
func (p *Pages) usersLike(ctx context.Context, by auth.Principal, typed string) (users []auth.User) {
	if by.May(auth.Admin) {
		first, _ := httpkit.ParseInteger(typed, auth.MaxID)
		list, _, err := p.Accounts.Users(ctx, max(first-1, 0), usersRead)
		if err != nil {
			return nil
		}
		users = list
	} else if o, err := p.Work.Overview(ctx); err == nil {
		for _, u := range o.Users {
			users = append(users, auth.User{ID: u.UserID})
		}
	}
	return slices.DeleteFunc(users, func(u auth.User) bool { return !strings.HasPrefix(strconv.FormatInt(u.ID, 10), typed) })
}
