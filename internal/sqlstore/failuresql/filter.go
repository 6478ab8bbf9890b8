package failuresql

import (
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// listedImages selects failed images.
func listedImages(f failures.Filter) *sqldb.Where {
	c := &sqldb.Where{}
	c.Add(imagesql.Listed)
	if f.Reason != "" {
		c.Add("reason = ?", string(f.Reason))
	}
	if f.Host != "" {
		c.Add("source_host = ?", f.Host)
	}
	if f.UserID != 0 {
		c.Add("failed_user = ?", f.UserID)
	}
	if f.ProductID != 0 {
		c.Add("product_id = ?", f.ProductID)
	}
	addTimes(c, "failed_at", f)
	return c
}

// listedMessages selects messages that no one could read.
func listedMessages(f failures.Filter) *sqldb.Where {
	c := &sqldb.Where{}
	c.Add(`discarded_at = 0`)
	addTimes(c, "received_at", f)
	return c
}

// addTimes adds the filter's bounds of time.
func addTimes(c *sqldb.Where, column string, f failures.Filter) {
	if !f.FailedAfter.IsZero() {
		c.Add(column+" >= ?", ceilMilli(f.FailedAfter))
	}
	if !f.FailedBefore.IsZero() {
		c.Add(column+" < ?", ceilMilli(f.FailedBefore))
	}
}

// ceilMilli is the first millisecond that is not before t: with it, >= and <
// mean for whole milliseconds what they mean for t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }

// table is where the failures of one kind are.
type table struct {
	name, time string
	conditions *sqldb.Where
}

// tablesOf returns where the failures are that the action would be done to.
func tablesOf(a failures.Action, f failures.Filter) map[failures.Kind]table {
	tables := map[failures.Kind]table{}
	if f.Has(failures.KindImage) {
		tables[failures.KindImage] = table{"images", "failed_at", listedImages(f)}
	}
	if f.Has(failures.KindMessage) && a == failures.Discard {
		tables[failures.KindMessage] = table{"dead_messages", "received_at", listedMessages(f)}
	}
	return tables
}
