package catalogsql

import (
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// hostTerm looks at the images of each product, or for those of the host along images_by_host_of_user, or images_by_host for
// those of all users.
func hostTerm(f catalog.Filter) term {
	of := imagesOf(f)
	return term{
		checked: condition{"EXISTS (SELECT 1 FROM images i WHERE i.product_id = candidates.id AND " + of.text + ")", of.args},
		found:   condition{"id IN (SELECT i.product_id FROM images i WHERE " + of.text + ")", of.args},
	}
}

// imagesOf are those from the host, of the status and the user where the filter names them. Those of all users are
// worded as the indexes of all users are.
func imagesOf(f catalog.Filter) condition {
	c := condition{"i.source_host = ?", []any{f.SourceHost}}
	switch {
	case f.UserID == 0 && f.ImageStatus == "":
		c.text += " AND i.product_id > 0"
	case f.UserID == 0 && f.ImageStatus == catalog.Failed:
		c.text += " AND i.status = 'failed'"
	case f.ImageStatus != "":
		c.text, c.args = c.text+" AND i.status = ?", append(c.args, string(f.ImageStatus))
	}
	if f.UserID != 0 {
		c.text, c.args = c.text+" AND i.user_id = ?", append(c.args, f.UserID)
	}
	return c
}

// hostOnly reports whether the page is of products with an image from the host, of a status or not, and no other term, in
// the order of their ids, which the indexes by host have.
func hostOnly(f catalog.Filter, all []term, o order) bool {
	others := len(all) - 1
	if f.ImageStatus != "" {
		others--
	}
	return f.SourceHost != "" && others == 0 && o.key == turn && f.Limit > 0
}

// ofHost is the way to that page which ends with its last product: it reads the images of the host until then, those
// of the user where the filter names one.
func ofHost(db *sqldb.DB, f catalog.Filter, o order) selection {
	product, direction, operator := "i.product_id", "", ">"
	if !db.OneWriter {
		product = "(i.product_id + 0)"
	}
	if o.desc {
		direction, operator = " DESC", "<"
	}
	c := imagesOf(f)
	c.text = `id IN (SELECT DISTINCT ` + product + ` FROM images i WHERE ` + c.text
	if f.After.ID != 0 {
		c.text, c.args = c.text+" AND "+product+" "+operator+" ?", append(c.args, f.After.ID)
	}
	c.text, c.args = c.text+" ORDER BY "+product+direction+" LIMIT ?)", append(c.args, f.Limit)
	return selection{read: []condition{c}, inOrder: true, most: allOfThem}
}
