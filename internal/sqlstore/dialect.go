package sqlstore

import "strings"

// dialect is what differs between the two databases.
type dialect struct {
	name string
	// now is the database's clock in milliseconds since 1970. It stands still
	// within a statement, so that an index can serve a comparison with it.
	now string
	// skipLocked ends the selection of rows that nobody else may have.
	skipLocked string
	// forUpdate ends the selection of a row that is about to be changed.
	forUpdate string
	// forKeyShare ends the selection of a row that is about to be referred to.
	forKeyShare string
	// greatest is the function that returns the largest of its arguments.
	greatest string
	// migrated asks whether there is a record of migrations.
	migrated string
	// atOnce says that a statement may write several tables.
	atOnce bool
	// lackedRight finds one right to a table of the list (by commas) that the
	// role lacks, if any; empty where there are no roles.
	lackedRight string
	// oneWriter says that a write keeps all other writers out.
	oneWriter bool
}

func postgresDialect() dialect {
	return dialect{
		name: "postgres", now: "(extract(epoch FROM statement_timestamp()) * 1000)::BIGINT",
		skipLocked: " FOR UPDATE SKIP LOCKED", forUpdate: " FOR UPDATE", forKeyShare: " FOR KEY SHARE", atOnce: true, greatest: "greatest",
		migrated: `SELECT to_regclass('goose_db_version') IS NOT NULL`,
		lackedRight: `
			SELECT wanted || ' on ' || name FROM unnest(string_to_array($1, ',')) AS name,
				unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
			WHERE NOT has_table_privilege(name, wanted)
			UNION ALL SELECT 'USAGE on the sequence of products'
			WHERE NOT has_sequence_privilege(pg_get_serial_sequence('products', 'id'), 'USAGE')
			LIMIT 1`,
	}
}

// sqliteDialect locks nothing by row: a write transaction is alone.
func sqliteDialect() dialect {
	return dialect{
		name: "sqlite", now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)", oneWriter: true, greatest: "max",
		migrated: `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version')`,
	}
}

// sql completes a statement for the database.
func (d dialect) sql(text string) string {
	return strings.NewReplacer("{now}", d.now, "{skip locked}", d.skipLocked, "{for update}", d.forUpdate,
		"{for key share}", d.forKeyShare, "{greatest}", d.greatest).Replace(text)
}
