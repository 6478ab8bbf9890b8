package page

import (
	"net/http"
	"strings"

	"github.com/maypok86/otter/v2"

	"vitrine.dev/internal/auth"
)

const (
	// maxNames is how many lists are remembered, and maxWords how long the query of one is, in bytes: a
	// few kilobytes each at most.
	maxNames = 1024
	maxWords = 512
)

// Words are how a request names a list, and what else says which one that is.
type Words struct {
	tag         string // of answers now
	query       string // as it was sent
	user, actor int64  // of the principal
	all         bool   // whether that reads what is of any user
}

// WordsOf returns those of the request, which is answered with that tag.
func WordsOf(r *http.Request, tag string) Words {
	by := auth.From(r.Context())
	return Words{tag: tag, query: r.URL.RawQuery, user: by.User, actor: by.Actor(), all: by.ForAll()}
}

// Names remembers lists by the words in which they were asked for: to read the parameters of one, and to sign
// its cursor, costs more than to answer with its page from the cache. What is remembered of a list must depend on
// nothing but the words. Names are safe for concurrent use.
type Names[T any] struct{ lists *otter.Cache[Words, T] }

// NewNames returns Names that remember nothing yet.
func NewNames[T any]() Names[T] {
	return Names[T]{otter.Must(&otter.Options[Words, T]{MaximumSize: maxNames})}
}

// Of returns the list of the words.
func (n Names[T]) Of(w Words) (list T, known bool) { return n.lists.GetIfPresent(w) }

// Keep remembers the list for a while, unless the words are long.
func (n Names[T]) Keep(w Words, list T) {
	if len(w.query) <= maxWords {
		w.query = strings.Clone(w.query) // without the rest of its request
		n.lists.Set(w, list)
	}
}
