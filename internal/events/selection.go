package events

import "slices"

// Selection says which events a client is shown.
type Selection struct {
	User    int64  // who owns them; 0: anyone
	Product int64  // that they are of; 0: any
	Types   []Type // any of these, of which there is at least one
}

// Has reports whether the event is one of them.
func (s Selection) Has(e Event) bool {
	return (s.User == 0 || s.User == e.UserID) && (s.Product == 0 || s.Product == e.ProductID) && slices.Contains(s.Types, e.Type)
}
