// Package find has the rules by which products are searched for and listed: how
// text is compared, in which orders there are lists, and where a page ends.
package find
