package catalogsql

import (
	"slices"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqldb"
)

// TrigramIndex finds parts of names on PostgreSQL. With the user in it (btree_gin) what is
// common in the names of others costs a user nothing.
func TrigramIndex() sqldb.OptionalIndex {
	return sqldb.OptionalIndex{
		Name: "products_by_part", Extensions: []string{"pg_trgm", "btree_gin"},
		Create: `CREATE INDEX CONCURRENTLY products_by_part ON products USING gin (user_id, name_folded {pg_trgm}.gin_trgm_ops)`,
	}
}

// condition is a part of a WHERE clause; each ? stands for the next argument.
type condition struct {
	text string
	args []any
}

// term is what a filter asks of a product.
type term struct {
	checked condition   // of a row
	within  []find.Sort // the orders whose index has it as a range
	// found is how another index finds it; without a text none does.
	found  condition
	pieces []string // that the index finds it by, of a name
	whole  bool     // that reads all the user has: for counting
}

// searchedColumns are those that terms and orders are of.
const searchedColumns = "id, user_id, external_id, price, updated_at, name_folded, images_pending, images_ready, images_failed"

// turn is the column by which products are in the order of their ids, and what it is.
const turn = "turn"

// turnOf words it as the indexes do.
func turnOf(db *sqldb.DB) string {
	if db.OneWriter {
		return "id"
	}
	return "id + 0"
}

// user is the condition of every list but those of tests.
func user(f catalog.Filter) []condition {
	if f.UserID == 0 {
		return nil
	}
	return []condition{{"user_id = ?", []any{f.UserID}}}
}

// terms are those of the filter, the ones first that mostly fewest products have.
// Trigrams says whether there is an index of parts of names, and fts that it is SQLite's.
func terms(f catalog.Filter, trigrams, fts bool) []term {
	var list []term
	add := func(text string, within []find.Sort, args ...any) {
		c := condition{text, args}
		list = append(list, term{checked: c, within: within, found: c})
	}
	if f.ExternalID != "" {
		add("external_id = ?", nil, f.ExternalID)
	}
	for _, n := range f.Names() {
		list = append(list, nameTerm(f.UserID, n, trigrams, fts))
	}
	if f.SourceHost != "" {
		list = append(list, hostTerm(f))
	}
	byID := []find.Sort{find.Newest, find.Oldest}
	if f.ImageStatus == catalog.Failed || f.ImageStatus == catalog.Pending {
		add(imageStatus(f.ImageStatus), byID)
	}
	if !f.UpdatedAfter.IsZero() {
		add("updated_at > ?", []find.Sort{find.Updated}, f.UpdatedAfter.UnixMilli())
	}
	if f.PriceMin != nil || f.PriceMax != nil {
		list = append(list, priceTerm(f.PriceMin, f.PriceMax))
	}
	if f.ImageStatus == catalog.Ready {
		add(imageStatus(f.ImageStatus), byID)
	}
	return list
}

// imageStatus is worded as the partial indexes are.
func imageStatus(s catalog.Status) string {
	switch s {
	case catalog.Failed:
		return "images_failed > 0"
	case catalog.Ready:
		return "images_ready > 0"
	default:
		return "images_pending > 0"
	}
}

// priceTerm is one term, as each bound alone may be of nearly all.
func priceTerm(least, most *catalog.Price) term {
	var c condition
	switch {
	case most == nil:
		c = condition{"price >= ?", []any{int64(*least)}}
	case least == nil:
		c = condition{"price <= ?", []any{int64(*most)}}
	default:
		c = condition{"price >= ? AND price <= ?", []any{int64(*least), int64(*most)}}
	}
	return term{checked: c, within: []find.Sort{find.Cheapest, find.Dearest}, found: c}
}

func nameTerm(user int64, n find.Name, trigrams, fts bool) term {
	if n.Prefix {
		c := condition{"name_folded >= ?", []any{n.Text}}
		if end := n.End(); end != "" {
			c = condition{"name_folded >= ? AND name_folded < ?", []any{n.Text, end}}
		}
		return term{checked: c, within: []find.Sort{find.Alphabetical}, found: c}
	}
	t := term{checked: condition{`name_folded LIKE ? ESCAPE '\'`, []any{"%" + escapeLike(n.Text) + "%"}}}
	switch t.pieces = n.Pieces(!fts); {
	case fts && t.pieces == nil: // the index by name has all of it
		t.whole = true
		t.found = condition{`id IN (SELECT id FROM products WHERE user_id = ? AND name_folded LIKE ? ESCAPE '\')`, append([]any{user}, t.checked.args...)}
	case !trigrams || t.pieces == nil: // as no index has it
	case fts:
		t.found = condition{"id IN (SELECT rowid FROM products_by_part WHERE products_by_part MATCH ?)", []any{phrase(n.Text)}}
	default:
		t.found = t.checked
	}
	return t
}

// escapeLike makes text stand for itself in a LIKE pattern.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// phrase makes text stand for itself in a query of FTS5: https://www.sqlite.org/fts5.html#fts5_strings
func phrase(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// order is a find.Sort in SQL.
type order struct {
	key  string // the column before the id; turn for none
	id   string // what turn is
	desc bool
}

func orderOf(s find.Sort, id string) order {
	o := order{key: turn, id: id, desc: s.Descending()}
	switch s {
	case find.Updated:
		o.key = "updated_at"
	case find.Cheapest, find.Dearest:
		o.key = "price"
	case find.Alphabetical:
		o.key = "name_folded"
	default:
	}
	return o
}

// columns are those of the products that are searched.
func (o order) columns() string { return searchedColumns + ", " + o.id + " AS " + turn }

// position is what a find.Position has beside the id.
func (o order) position() string {
	switch o.key {
	case turn:
		return "0, ''"
	case "name_folded":
		return "0, name_folded"
	default:
		return o.key + ", ''"
	}
}

// by is an ORDER BY clause, of columns of the table.
func (o order) by(table string) string {
	direction := ""
	if o.desc {
		direction = " DESC"
	}
	if o.key == turn {
		return " ORDER BY " + table + turn + direction
	}
	return " ORDER BY " + table + o.key + direction + ", " + table + "id" + direction
}

// after is the condition of what is behind the position; none at the beginning.
func (o order) after(p find.Position) []condition {
	if p.ID == 0 {
		return nil
	}
	operator := ">"
	if o.desc {
		operator = "<"
	}
	switch o.key {
	case turn:
		return []condition{{o.id + " " + operator + " ?", []any{p.ID}}}
	case "name_folded":
		return []condition{{"(name_folded, id) " + operator + " (?, ?)", []any{p.Text, p.ID}}}
	default:
		return []condition{{"(" + o.key + ", id) " + operator + " (?, ?)", []any{p.Number, p.ID}}}
	}
}

// split returns the terms that the index of the order has, and the others.
func split(list []term, s find.Sort) (own, others []term) {
	for _, t := range list {
		if slices.Contains(t.within, s.Or()) {
			own = append(own, t)
		} else {
			others = append(others, t)
		}
	}
	return own, others
}

func checked(list []term) []condition {
	conditions := make([]condition, len(list))
	for i, t := range list {
		conditions[i] = t.checked
	}
	return conditions
}
