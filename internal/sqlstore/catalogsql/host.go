package catalogsql

import (
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// hostTerm looks at the images of each product, or for those of the host along images_by_host, whoever's they are.
func hostTerm(f catalog.Filter) term {
	args, of := []any{f.SourceHost}, ""
	if f.ImageStatus != "" {
		args, of = append(args, string(f.ImageStatus)), " AND i.status = ?"
	}
	found := condition{`id IN (SELECT i.product_id FROM images i WHERE i.source_host = ?` + of, args}
	if f.UserID != 0 {
		found.text, found.args = found.text+" AND i.user_id = ?", slices.Concat(args, []any{f.UserID})
	}
	found.text += ")"
	return term{checked: condition{`EXISTS (SELECT 1 FROM images i WHERE i.product_id = candidates.id AND i.source_host = ?` + of + `)`, args}, found: found}
}

// ofHost is the way to a page of the products of all users with an image from the host, in the order of their
// ids, which images_by_host has: it reads as many images as the page's products have.
func ofHost(db *sqldb.DB, f catalog.Filter, o order) selection {
	product, direction, operator := "i.product_id", "", ">"
	if !db.OneWriter {
		product = "(i.product_id + 0)"
	}
	if o.desc {
		direction, operator = " DESC", "<"
	}
	c := condition{`id IN (SELECT DISTINCT ` + product + ` FROM images i WHERE i.source_host = ?`, []any{f.SourceHost}}
	if f.After.ID != 0 {
		c.text, c.args = c.text+" AND "+product+" "+operator+" ?", append(c.args, f.After.ID)
	}
	c.text, c.args = c.text+" ORDER BY "+product+direction+" LIMIT ?)", append(c.args, f.Limit)
	return selection{read: []condition{c}, inOrder: true, most: allOfThem}
}
