package copysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vitrine.dev/internal/sqldb"
)

// Table is a table whose rows are copied.
type Table struct {
	Name     string
	Columns  []string
	Key      []string // the primary key, empty where there is none
	Sequence bool     // the ids come from a sequence
}

// Tables returns the tables of a SQLite database but those with the names given,
// a table after those that it refers to.
func Tables(ctx context.Context, db *sqldb.DB, without ...string) ([]Table, error) {
	all, err := sqldb.Select(ctx, db, "read tables", func(row sqldb.Row, t *Table) error {
		return row.Scan(&t.Name, &t.Sequence)
	}, `SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		      AND name IN (SELECT name FROM pragma_table_list WHERE type = 'table') -- no index of words with what it is kept in
		ORDER BY name`)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t Table) bool { return slices.Contains(without, t.Name) })
	parents := make(map[string][]string, len(all))
	for i := range all {
		t := &all[i]
		if t.Columns, err = names(ctx, db, `SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid`, t.Name); err != nil {
			return nil, err
		}
		if t.Key, err = names(ctx, db, `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`, t.Name); err != nil {
			return nil, err
		}
		if parents[t.Name], err = names(ctx, db, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, t.Name); err != nil {
			return nil, err
		}
	}
	return parentsFirst(all, parents)
}

func names(ctx context.Context, db *sqldb.DB, query, table string) ([]string, error) {
	return sqldb.Select(ctx, db, "read the table "+table, func(row sqldb.Row, name *string) error { return row.Scan(name) }, query, table)
}

func parentsFirst(all []Table, parents map[string][]string) ([]Table, error) {
	ordered := make([]Table, 0, len(all))
	placed := func(name string) bool {
		return slices.ContainsFunc(ordered, func(t Table) bool { return t.Name == name })
	}
	for len(all) > 0 {
		next := slices.IndexFunc(all, func(t Table) bool {
			return !slices.ContainsFunc(parents[t.Name], func(parent string) bool { return parent != t.Name && !placed(parent) })
		})
		if next < 0 {
			return nil, errors.New("tables refer to each other in a circle, or to one that is not copied")
		}
		ordered, all = append(ordered, all[next]), slices.Delete(all, next, next+1)
	}
	return ordered, nil
}

// list joins quoted names.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = `"` + name + `"`
	}
	return strings.Join(quoted, ", ")
}

func (t Table) selection() string {
	text := fmt.Sprintf(`SELECT %s FROM "%s"`, list(t.Columns), t.Name)
	if len(t.Key) > 0 {
		text += " ORDER BY " + list(t.Key)
	}
	return text
}
