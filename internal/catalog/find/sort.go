package find

import "encoding/binary"

// Sort is an order of products. It is total: products that are equal in it
// are in the order of their ids.
type Sort string

// The orders.
const (
	Newest       Sort = "newest"  // by descending id; what "" stands for, too
	Oldest       Sort = "oldest"  // by ascending id
	Updated      Sort = "updated" // the last edited first
	Cheapest     Sort = "price"   // by ascending price
	Dearest      Sort = "-price"  // by descending price
	Alphabetical Sort = "name"    // by the code points of the folded name
)

// Sorts lists all of them, the default first.
func Sorts() []Sort { return []Sort{Newest, Oldest, Updated, Cheapest, Dearest, Alphabetical} }

// Or returns the default for "".
func (s Sort) Or() Sort {
	if s == "" {
		return Newest
	}
	return s
}

// Descending reports whether what is greater comes first: key and id alike.
func (s Sort) Descending() bool {
	switch s.Or() {
	case Newest, Updated, Dearest:
		return true
	default:
		return false
	}
}

// Position is where a product stands in an order; a list goes on behind it whatever
// becomes of that product. The zero value is before the first.
type Position struct {
	ID     int64
	Number int64  // the price in hundredths or the last edit in milliseconds since 1970, where these are the order
	Text   string // the folded name, where that is
}

// Encode writes the position.
func (p Position) Encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.ID))  //nolint:gosec // ids are positive
	b = binary.BigEndian.AppendUint64(b, uint64(p.Number)) //nolint:gosec // prices and times are not negative
	return append(b, p.Text...)
}

// DecodePosition reads what Encode wrote; ok is false for what it cannot have written of a product with
// an id up to most.
func DecodePosition(b []byte, most int64) (p Position, ok bool) {
	const numbers = 16
	if len(b) < numbers || len(b) > numbers+maxFoldedBytes {
		return p, false
	}
	id, number := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	p = Position{ID: int64(id), Number: int64(number), Text: string(b[numbers:])} //nolint:gosec // negative ones are refused
	return p, p.ID >= 1 && p.ID <= most && p.Number >= 0
}
