package catalogsql

import (
	"context"
	"database/sql"
	"math"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqldb/sqldbtest"
)

// SetMostWalked has lists look at so many products along their order.
func (s *Products) SetMostWalked(n int64) { s.mostWalked = n }

// SetFew has so many of a sample be few.
func (s *Products) SetFew(few func(have, of int) bool) { s.isFew = few }

// Explained is ListProducts, with the plan of each statement that it has run.
func (s *Products) Explained(ctx context.Context, f catalog.Filter) (list []catalog.Summary, plans []string, err error) {
	db := &explaining{DB: s.db}
	list, _, err = s.list(ctx, db, f)
	return list, db.plans, err
}

// ExplainedCount is CountProducts, with the plan of each statement that it has run.
func (s *Products) ExplainedCount(ctx context.Context, f catalog.Filter) (n int64, plans []string, err error) {
	db := &explaining{DB: s.db}
	n, err = s.countProducts(ctx, db, f, false)
	return n, db.plans, err
}

type explaining struct {
	*sqldb.DB

	plans []string
}

type way = func(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error

func (e *explaining) explained(ctx context.Context, run way, operation string, do func(context.Context, sqldb.Querier) error) error {
	return run(ctx, operation, func(ctx context.Context, from sqldb.Querier) error { return do(ctx, explainer{from, e, operation}) })
}

func (e *explaining) WithReader(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error {
	return e.explained(ctx, e.DB.WithReader, operation, do)
}

func (e *explaining) Along(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error {
	return e.explained(ctx, e.DB.Along, operation, do)
}

func (e *explaining) Through(ctx context.Context, operation string, do func(context.Context, sqldb.Querier) error) error {
	return e.explained(ctx, e.DB.Through, operation, do)
}

type explainer struct {
	sqldb.Querier

	to        *explaining
	operation string
}

func (e explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	plan, err := sqldbtest.Plan(ctx, e.Querier, e.to.OneWriter, query, args...)
	if err != nil {
		return nil, err
	}
	e.to.plans = append(e.to.plans, e.operation+"\n"+plan)
	return e.Querier.QueryContext(ctx, query, args...)
}

// Nth returns the statement for where the product stands in the list of f that n come before.
func (s *Products) Nth(ctx context.Context, f catalog.Filter, n int64) (statement string, args []any) {
	f.After, f.Limit = find.Position{}, 0
	l, _ := s.listing(ctx, f)
	chosen := l.walk
	if chosen.most < math.MaxInt64 || f.ExternalID != "" {
		chosen = l.found
	}
	source, where := l.source(chosen)
	return `SELECT id, price, updated_at, name_folded FROM ` + source + l.order.by("") + ` LIMIT 1 OFFSET ` + where.Arg(n), where.Args
}

// ExplainedExternalIDs is the plan of how a batch of the user looks up external ids.
func (s *Products) ExplainedExternalIDs(ctx context.Context, user int64, external []string) (plan string, err error) {
	db := &explaining{DB: s.db}
	table, arg := s.db.Texts(2, "external", external)
	err = db.WithReader(ctx, "explain", func(ctx context.Context, from sqldb.Querier) error {
		_, err := sqldb.Found(ctx, from, byExternalID(table), user, arg)
		return err
	})
	return strings.Join(db.plans, "\n"), err
}
