package sqldb

import "strings"

// Dialect is what differs between the two databases.
type Dialect struct {
	name string
	// now is the database's clock in milliseconds since 1970. It stands still
	// within a statement, so that an index can serve a comparison with it.
	now string
	// skipLocked ends the selection of rows, leaving out what others have locked.
	skipLocked string
	// forUpdate ends the selection of a row that is about to be changed.
	forUpdate string
	// forKeyShare ends the selection of a row that is about to be referred to.
	forKeyShare string
	// greatest is the function that returns the largest of its arguments.
	greatest string
	// lastID asks for the highest id that was drawn for the table $1.
	lastID string
	// drawIDs draws $2 ids, one or more, for the table $1.
	drawIDs string
	// hasTable asks whether there is the table $1.
	hasTable string
	// tryLock takes the lock $1 until the end of the transaction, and says whether
	// it could; empty where a write transaction is alone.
	tryLock string
	// AtOnce says that a statement may write several tables.
	AtOnce bool
	// lackedRight finds one right that the role lacks, if any, to a table of the
	// first list or a sequence of the second (by commas); empty where there are
	// no roles.
	lackedRight string
	// syncOff has the next transactions of a connection end before they are on disk, until syncOn; empty where tryLock does.
	// Package prepared keeps both: SQLite prepares a pragma again each time that it runs.
	syncOff, syncOn string
	// OneWriter says that a write keeps all other writers out.
	OneWriter bool
	complete  *strings.Replacer
}

func postgresDialect() Dialect {
	return Dialect{
		name: "postgres", now: "floor(extract(epoch FROM statement_timestamp()) * 1000)::BIGINT", // a cast alone rounds up, into the future
		skipLocked: " FOR UPDATE SKIP LOCKED", forUpdate: " FOR UPDATE", forKeyShare: " FOR KEY SHARE", AtOnce: true, greatest: "greatest",
		lastID:   `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::REGCLASS), 0)`,
		drawIDs:  `SELECT nextval(pg_get_serial_sequence($1, 'id')) FROM generate_series(1, $2::INT)`,
		hasTable: `SELECT to_regclass($1) IS NOT NULL`,
		tryLock: `
			SELECT pg_try_advisory_xact_lock($1), set_config('synchronous_commit', 'off', TRUE),
				set_config('idle_in_transaction_session_timeout', '5s', TRUE), set_config('lock_timeout', '5s', TRUE),
				set_config('statement_timeout', '5s', TRUE), set_config('plan_cache_mode', 'force_generic_plan', TRUE),
				set_config('enable_bitmapscan', 'off', TRUE), set_config('enable_seqscan', 'off', TRUE), set_config('jit', 'off', TRUE),
				set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE), set_config('enable_sort', 'off', TRUE)`,
		lackedRight: `
			SELECT wanted || ' on ' || name FROM unnest(string_to_array($1, ',')) AS name,
				unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
			WHERE NOT has_table_privilege(name, wanted)
			UNION ALL SELECT 'USAGE on the sequence of ' || name FROM unnest(string_to_array($2, ',')) AS name
			WHERE NOT has_sequence_privilege(pg_get_serial_sequence(name, 'id'), 'USAGE')
			LIMIT 1`,
	}
}

// sqliteDialect locks nothing by row: a write transaction is alone.
func sqliteDialect() Dialect {
	return Dialect{
		name: "sqlite", now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)", OneWriter: true, greatest: "max",
		syncOff: "PRAGMA synchronous=NORMAL", syncOn: "PRAGMA synchronous=FULL",
		lastID: `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = $1), 0)`,
		drawIDs: `
			WITH RECURSIVE drawn (id, n) AS (
				SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = $1), 0) + 1, 1
				UNION ALL SELECT id + 1, n + 1 FROM drawn WHERE n < $2)
			SELECT id FROM drawn`,
		hasTable: `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)`,
	}
}

// prepared returns d ready for SQL.
func (d Dialect) prepared() Dialect {
	d.complete = strings.NewReplacer("{now}", d.now, "{skip locked}", d.skipLocked, "{for update}", d.forUpdate,
		"{for key share}", d.forKeyShare, "{greatest}", d.greatest)
	return d
}

// SQL completes a statement for the database: {now} is its clock in milliseconds
// since 1970, {greatest} the function for the largest of its arguments;
// {skip locked}, {for update} and {for key share} lock the rows of a selection.
func (d Dialect) SQL(text string) string { return d.complete.Replace(text) }
