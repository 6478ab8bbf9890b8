package sqlstore

import (
	"context"

	"vitrine.dev/internal/sqlstore/copysql"
)

// TablesOfSchema are the tables that are copied.
func TablesOfSchema(ctx context.Context) ([]copysql.Table, error) { return tablesOfSchema(ctx) }
