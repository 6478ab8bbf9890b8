package catalogsql

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// A list goes along the index of its order. Where the index does not have all that the
// filter asks for, no more than mostWalked (or a part of it, see scattered) products are looked at in this way: what many
// products have is met soon. What few have (find.Few, of a sample) is found by an index of what is asked for, and
// sorted. What many have that come late in the order is neither: the page ends where the walk ended, and the next one goes on there. So no
// page reads much, whatever statistics the database has.
const mostWalked = 5000

// scattered is by how much less is walked in the orders whose rows lie anywhere, so that each is a page of its own.
const scattered = 3

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
	terms []term    // of which few must have one for that, unless there are none
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
		if l.walk.most = s.mostWalked; l.order.key != turn {
			l.walk.most /= scattered
		}
		l.found = s.find(f, all, all)
		if f.UserID != 0 {
			l.terms = all
		}
	}
	switch {
	case f.ExternalID != "":
		l.walk, l.terms = selection{}, nil // there is one at most
	case !hostOnly(f, all, l.order):
	case f.UserID == 0 || f.ImageStatus == "": // there is an index that has no others
		l.walk, l.found = selection{}, ofHost(s.db, f, l.order)
	default:
		l.found, l.terms = ofHost(s.db, f, l.order), nil
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

// find returns what indexes find of those terms, which are of all; where none does, all that the user has.
// PostgreSQL chooses among them, by its statistics; SQLite, which has none, is given the first.
func (s *Products) find(f catalog.Filter, all, by []term) selection {
	listed := slices.Concat(user(f), checked(all), orderOf(f.Sort, turnOf(s.db)).after(f.After))
	found := selection{read: user(f), listed: listed, most: allOfThem}
	for _, t := range by {
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
func (s *Products) ListProducts(ctx context.Context, f catalog.Filter) ([]catalog.Summary, find.Position, error) {
	return s.list(ctx, s.db, f)
}

func (s *Products) list(ctx context.Context, db reader, f catalog.Filter) (list []catalog.Summary, stopped find.Position, err error) {
	l, err := s.listing(ctx, f)
	if err != nil {
		return nil, stopped, err
	}
	read := func(ctx context.Context, from sqldb.Querier, chosen selection) (err error) {
		if len(f.Names()) > 0 { // one search of a user at a time, see catalog.Service
			if err := s.db.Turn(ctx, from, f.UserID); err != nil {
				return err
			}
		}
		statement, args := l.page(chosen)
		list, err = sqldb.Collect(ctx, from, scanSummary, statement, args...)
		return err
	}
	if l.plain() {
		err = db.WithReader(ctx, "list products", func(ctx context.Context, from sqldb.Querier) error { return read(ctx, from, l.walk) })
		return list, stopped, err
	}
	if l.walk.most > 0 {
		var complete bool
		err = db.Along(ctx, "list products", func(ctx context.Context, from sqldb.Querier) (err error) {
			complete, stopped = true, find.Position{}
			if err = read(ctx, from, l.walk); err != nil || l.found.most == 0 || l.full(list) {
				return err
			}
			stopped, err = l.walked(ctx, from)
			if complete = stopped.ID == 0; complete || err != nil || l.terms == nil {
				return err
			}
			few, err := s.few(ctx, from, f.UserID, l.terms)
			if complete = len(few) == 0; !complete {
				l.found = s.find(f, l.terms, few)
			}
			return err
		})
		if err != nil || complete {
			return list, stopped, err
		}
	}
	way := db.Through
	if l.found.inOrder {
		way = db.Along
	}
	err = way(ctx, "find products", func(ctx context.Context, from sqldb.Querier) error { return read(ctx, from, l.found) })
	return list, find.Position{}, err
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

// walked returns where the walk has ended, the zero value where that is the last product.
func (l listing) walked(ctx context.Context, from sqldb.Querier) (find.Position, error) {
	var where sqldb.Where
	add(&where, l.walk.read)
	last, err := sqldb.Collect(ctx, from, func(row sqldb.Row, p *find.Position) error { return row.Scan(&p.ID, &p.Number, &p.Text) },
		`SELECT id, `+l.order.position()+` FROM (SELECT `+l.order.columns()+` FROM products`+where.String()+l.order.by("")+
			fmt.Sprintf(` LIMIT 2 OFFSET %d) AS beyond`, l.walk.most-1), where.Args...)
	if err != nil || len(last) < 2 {
		return find.Position{}, err
	}
	return last[0], nil
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
