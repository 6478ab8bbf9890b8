package line

import (
	"fmt"
	"strconv"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/text"
)

// Key is what a part of a line is about.
type Key string

// The keys.
const (
	Status   Key = "status"   // of one image at least: catalog.ImageStatuses
	Host     Key = "host"     // that an image is from
	User     Key = "user"     // whose product it is
	Price    Key = "price"    // 10, 10..20, 10.. or ..20
	External Key = "external" // the client's own id
)

// Keys lists all of them, in the order in which they are written.
func Keys() []Key { return []Key{Status, Host, User, Price, External} }

// MaxBytes is the length of the longest line that is read.
const MaxBytes = 4096

// Line is what a line asks for. The zero value selects all products.
type Line struct {
	Status             catalog.Status // "": any
	Host               string         // "": any; in lower case
	User               int64          // 0: any
	PriceMin, PriceMax *catalog.Price // inclusive; nil for no bound
	External           string         // "": any
	Words              string         // that the name has; "": any
}

// Fault is what is wrong with a part of a line.
type Fault struct { //nolint:errname // a part of what was typed first, an error second
	Start, End int    // the part, in bytes
	Reason     string // a clause, such as: must be a price
}

func (f Fault) Error() string { return fmt.Sprintf("at %d: %s", f.Start+1, f.Reason) }

// Parse reads a line. Of one with faults it returns what the other parts ask for.
func Parse(s string) (l Line, faults []Fault) {
	if len(s) > MaxBytes {
		return l, []Fault{{MaxBytes, len(s), fmt.Sprintf("must have at most %d bytes", MaxBytes)}}
	}
	seen := map[Key]bool{}
	var words []string
	for _, p := range split(s) {
		reason := p.fault
		switch {
		case reason != "":
		case p.key == "":
			words = append(words, p.value)
		case seen[Key(p.key)]:
			reason = p.key + " is there twice"
		default:
			seen[Key(p.key)] = true
			reason = l.set(Key(p.key), p.value)
		}
		if reason != "" {
			faults = append(faults, Fault{p.start, p.end, reason})
		}
	}
	l.Words = strings.Join(words, " ")
	return l, faults
}

// set reads a value and returns what is wrong with it.
func (l *Line) set(key Key, value string) (fault string) {
	var err error
	switch key {
	case Status:
		var names []string
		for _, s := range catalog.ImageStatuses() {
			if string(s) == value {
				l.Status = s
				return ""
			}
			names = append(names, string(s))
		}
		return "status must be one of " + strings.Join(names, ", ")
	case Host:
		if reason := text.HostFault(value); reason != "" {
			return "host " + reason
		}
		l.Host = strings.ToLower(value)
	case User:
		if l.User, err = strconv.ParseInt(value, 10, 64); err != nil || l.User < 1 || l.User > catalog.MaxID {
			l.User = 0
			return "user must be the number of a user"
		}
	case Price:
		return l.setPrice(value)
	case External:
		if value == "" {
			return "external must be an id of your own"
		}
		l.External = value
	default:
		return fmt.Sprintf("there is no %q to look for: put it between quotes to look for it in names", string(key))
	}
	return ""
}

func (l *Line) setPrice(value string) (fault string) {
	least, most, isRange := strings.Cut(value, "..")
	if !isRange {
		most = least
	}
	bound := func(s string) (*catalog.Price, bool) {
		if s == "" {
			return nil, isRange
		}
		p, err := catalog.ParsePrice(s)
		return &p, err == nil
	}
	low, ok := bound(least)
	high, ok2 := bound(most)
	switch {
	case !ok || !ok2 || low == nil && high == nil:
		return "price must be a price or a range of prices, such as 10..20, 10.. or ..20"
	case low != nil && high != nil && *low > *high:
		return "price must be a range that begins with the lower price"
	}
	l.PriceMin, l.PriceMax = low, high
	return ""
}

// Filter is the line as a list takes it.
func (l Line) Filter() catalog.Filter {
	return catalog.Filter{
		UserID: l.User, PriceMin: l.PriceMin, PriceMax: l.PriceMax, Query: l.Words, ExternalID: l.External, ImageStatus: l.Status,
		SourceHost: l.Host,
	}
}

// String writes the line. Parse reads the same from it.
func (l Line) String() string {
	var parts []string
	add := func(key Key, value string) {
		if value != "" {
			parts = append(parts, string(key)+":"+quote(value))
		}
	}
	add(Status, string(l.Status))
	add(Host, l.Host)
	if l.User != 0 {
		add(User, strconv.FormatInt(l.User, 10))
	}
	add(Price, l.price())
	add(External, l.External)
	if l.Words != "" {
		parts = append(parts, quote(l.Words))
	}
	return strings.Join(parts, " ")
}

func (l Line) price() string {
	written := func(p *catalog.Price) string {
		if p == nil {
			return ""
		}
		return p.String()
	}
	switch {
	case l.PriceMin == nil && l.PriceMax == nil:
		return ""
	case l.PriceMin != nil && l.PriceMax != nil && *l.PriceMin == *l.PriceMax:
		return written(l.PriceMin)
	default:
		return written(l.PriceMin) + ".." + written(l.PriceMax)
	}
}
