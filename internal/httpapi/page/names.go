package page

import (
	"net/http"

	"github.com/maypok86/otter/v2"

	"vitrine.dev/internal/auth"
)

const (
	// maxNames is how many lists are remembered.
	maxNames = 1024
	// maxTarget is how long the target of a request may be whose list is remembered, in bytes: path, query, and
	// parameters are parts of that text, and keep all of it.
	maxTarget = 512
)

// words are how a request names a list, and what else says which one that is.
type words struct {
	tag         string // of answers now
	query       string // as it was sent
	user, actor int64  // of the principal
	all         bool   // whether that reads what is of any user
}

func wordsOf(r *http.Request, tag string) words {
	by := auth.From(r.Context())
	return words{tag: tag, query: r.URL.RawQuery, user: by.User, actor: by.Actor(), all: by.ForAll()}
}

// Names remembers lists by the words in which they were asked for: to read the parameters of one, and to sign
// its cursor, costs more than to answer with its page from the cache. What is remembered of a list must depend on
// nothing but the query, the principal and the tag of answers. Names are safe for concurrent use.
type Names[T any] struct{ lists *otter.Cache[words, T] }

// NewNames returns Names that remember nothing yet.
func NewNames[T any]() Names[T] {
	return Names[T]{otter.Must(&otter.Options[words, T]{MaximumSize: maxNames})}
}

// Of returns the list that the request names, which is answered with that tag.
func (n Names[T]) Of(r *http.Request, tag string) (list T, known bool) {
	return n.lists.GetIfPresent(wordsOf(r, tag))
}

// Keep remembers the list that the request names, unless its target is long.
func (n Names[T]) Keep(r *http.Request, tag string, list T) {
	if len(r.RequestURI) <= maxTarget {
		n.lists.Set(wordsOf(r, tag), list)
	}
}
