package catalogsql

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// A list goes along the index of its order. Where the index does not have all that the
// filter asks for, no more than mostWalked products are looked at in this way: what many
// products have is met soon. What few have is found by an index of what is asked for, and
// sorted. So neither reads much, whatever statistics the database has: of n products, f of them found, and pages of
// l, the walk meets a page within n·l/f products, and it is only where that is more than
// mostWalked that f are sorted.
const mostWalked = 5000

// allOfThem is the most of a selection that has no bound.
const allOfThem = math.MaxInt64

// selection is which products are read (in the order of an index, or those that are found), and which of
// them are listed.
type selection struct {
	read, listed []condition
	inOrder      bool
	most         int64 // read
}

// listing is the way to a page.
type listing struct {
	catalog.Filter

	order order
	walk  selection
	found selection // what to do where the walk has not met a page; the zero value: it has, whatever it has met
}

func (s *Products) listing(ctx context.Context, f catalog.Filter) (listing, error) {
	trigrams, err := s.trigrams(ctx, f)
	if err != nil {
		return listing{}, err
	}
	turn := turnOf(s.db)
	if f.UserID == 0 { // the primary key, and products_failed_of_all
		turn = "id"
	}
	l := listing{Filter: f, order: orderOf(f.Sort, turn)}
	all := terms(f, trigrams, s.db.OneWriter)
	own, others := split(all, f.Sort)
	after := l.order.after(f.After)
	l.walk = selection{
		read: slices.Concat(user(f), checked(own), after), listed: checked(others), inOrder: true, most: allOfThem,
	}
	if len(others) > 0 {
		l.walk.most = s.mostWalked
		l.found = s.find(f, all)
		l.found.listed = append(l.found.listed, after...)
	}
	switch {
	case f.ExternalID != "":
		l.walk = selection{} // there is one at most
	case !hostOnly(f, all, l.order):
	case f.UserID == 0 || f.ImageStatus == "": // there is an index that has no others
		l.walk, l.found = selection{}, ofHost(s.db, f, l.order)
	default:
		l.found = ofHost(s.db, f, l.order)
	}
	return l, nil
}

// trigrams reports whether there is an index of parts of names, where it matters.
func (s *Products) trigrams(ctx context.Context, f catalog.Filter) (bool, error) {
	if len(f.Names()) == 0 {
		return false, nil
	}
	return s.db.HasOptional(ctx)
}

// find returns what indexes find of the terms; where none does, all that the user has.
// PostgreSQL chooses among them, by its statistics; SQLite, which has none, is given the first.
func (s *Products) find(f catalog.Filter, all []term) selection {
	found := selection{read: user(f), listed: slices.Concat(user(f), checked(all)), most: allOfThem}
	for _, t := range all {
		switch {
		case t.found.text == "":
		case !s.db.OneWriter:
			found.read = append(found.read, t.found)
		case t.found.text == t.checked.text:
			found.read = append(found.read, t.found)
			return found
		default: // by ids, whoever the user is
			found.read = []condition{t.found}
			return found
		}
	}
	return found
}

// reader is a sqldb.DB, or one that notes what it is asked.
type reader interface {
	WithReader(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error
	Along(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error
	Through(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error
}

// ListProducts implements catalog.Store.
func (s *Products) ListProducts(ctx context.Context, f catalog.Filter) ([]catalog.Summary, error) {
	return s.list(ctx, s.db, f)
}

func (s *Products) list(ctx context.Context, db reader, f catalog.Filter) (list []catalog.Summary, err error) {
	l, err := s.listing(ctx, f)
	if err != nil {
		return nil, err
	}
	read := func(ctx context.Context, from sqldb.Querier, chosen selection) (err error) {
		statement, args := l.page(chosen)
		list, err = sqldb.Collect(ctx, from, scanSummary, statement, args...)
		return err
	}
	if l.plain() {
		err = db.WithReader(ctx, "list products", func(ctx context.Context, from sqldb.Querier) error { return read(ctx, from, l.walk) })
		return list, err
	}
	if l.walk.most > 0 {
		complete := true
		err = db.Along(ctx, "list products", func(ctx context.Context, from sqldb.Querier) (err error) {
			if err = read(ctx, from, l.walk); err == nil && l.found.most > 0 && !l.full(list) {
				complete, err = l.walked(ctx, from)
			}
			return err
		})
		if err != nil || complete {
			return list, err
		}
	}
	find := db.Through
	if l.found.inOrder {
		find = db.Along
	}
	err = find(ctx, "find products", func(ctx context.Context, from sqldb.Querier) error { return read(ctx, from, l.found) })
	return list, err
}

// plain reports whether it is the list of all products by their ids, which needs no
// care about its plan.
func (l listing) plain() bool {
	return l.order.key == turn && l.walk.most == allOfThem && len(l.walk.listed) == 0
}

// full reports whether there is no need to look for more.
func (l listing) full(list []catalog.Summary) bool {
	bytes := 0
	for _, p := range list {
		bytes += p.Bytes()
	}
	return len(list) >= l.Limit || l.MaxBytes > 0 && bytes > l.MaxBytes
}

// walked reports whether the walk has come to the last product.
func (l listing) walked(ctx context.Context, from sqldb.Querier) (bool, error) {
	var where sqldb.Where
	add(&where, l.walk.read)
	beyond, err := sqldb.IDs(ctx, from, `SELECT id FROM (SELECT `+l.order.columns()+` FROM products`+where.String()+l.order.by("")+
		fmt.Sprintf(` LIMIT 1 OFFSET %d) AS beyond`, l.walk.most), where.Args...)
	return len(beyond) == 0, err
}

// page returns the statement that reads a page. The database adds up the texts, whose
// lengths both keep beside them, and reads those of the page only.
func (l listing) page(chosen selection) (statement string, args []any) {
	source, where := l.source(chosen)
	most := int64(math.MaxInt64)
	if l.MaxBytes != 0 {
		most = int64(l.MaxBytes)
	}
	const bytes = `octet_length(b.name) + octet_length(b.description) + coalesce(octet_length(b.metadata), 0)`
	statement = `
		SELECT p.id, p.user_id, p.name, p.description, p.price, p.external_id, p.metadata,
		       p.version, p.created_at, p.updated_at, p.images_pending, p.images_ready, p.images_failed, r.outputs, r.placeholder
		FROM (SELECT c.id, row_number() OVER page AS place, sum(` + bytes + `) OVER page - (` + bytes + `) AS ahead
		      FROM (SELECT id, ` + l.order.key + ` FROM ` + source + l.order.by("") + ` LIMIT ` + where.Arg(l.Limit) + `) AS c
		      JOIN products b ON b.id = c.id
		      WINDOW page AS (` + l.order.by("c.") + ` ROWS UNBOUNDED PRECEDING)) AS page
		JOIN products p ON p.id = page.id
		LEFT JOIN renditions r ON r.key = p.cover_key
		WHERE page.ahead <= ` + where.Arg(most) + `
		ORDER BY page.place`
	return statement, where.Args
}

// source is what a selection is of, with the arguments so far.
func (l listing) source(chosen selection) (text string, where sqldb.Where) {
	var read sqldb.Where
	add(&read, chosen.read)
	listed := sqldb.Where{Args: read.Args}
	add(&listed, chosen.listed)
	text = `SELECT ` + l.order.columns() + ` FROM products` + read.String()
	if len(chosen.listed) > 0 { // the limit keeps what is read apart from what is listed
		if chosen.inOrder {
			text += l.order.by("")
		}
		text += ` LIMIT ` + strconv.FormatInt(chosen.most, 10)
	}
	return `(` + text + `) AS candidates` + listed.String(), sqldb.Where{Args: listed.Args}
}

func add(where *sqldb.Where, conditions []condition) {
	for _, c := range conditions {
		where.Add(c.text, c.args...)
	}
}

func scanSummary(row sqldb.Row, p *catalog.Summary) error {
	var external, metadata, outputs, placeholder sql.NullString
	var created, updated int64
	err := row.Scan(&p.ID, &p.UserID, &p.Name, &p.Description, &p.Price, &external, &metadata, &p.Version, &created, &updated,
		&p.Images.Pending, &p.Images.Ready, &p.Images.Failed, &outputs, &placeholder)
	if err != nil {
		return err
	}
	p.ExternalID, p.CreatedAt, p.UpdatedAt = external.String, sqldb.Time(created), sqldb.Time(updated)
	if p.Metadata, err = catalog.DecodeMetadata(metadata.String); err != nil {
		return fmt.Errorf("product %d: %w", p.ID, err)
	}
	if !outputs.Valid {
		return nil
	}
	rendition, err := imagesql.ReadOutputs(outputs.String)
	if err != nil {
		return fmt.Errorf("cover of product %d: %w", p.ID, err)
	}
	rendition.Placeholder = placeholder.String
	cover := rendition.Cover()
	p.Cover = &cover
	return nil
}
