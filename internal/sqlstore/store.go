package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"log/slog"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/attemptsql"
	"vitrine.dev/internal/sqlstore/authsql"
	"vitrine.dev/internal/sqlstore/catalogsql"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/failuresql"
	"vitrine.dev/internal/sqlstore/findingsql"
	"vitrine.dev/internal/sqlstore/fscksql"
	"vitrine.dev/internal/sqlstore/gcsql"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/importsql"
	"vitrine.dev/internal/sqlstore/installationsql"
	"vitrine.dev/internal/sqlstore/jobsql"
	"vitrine.dev/internal/sqlstore/processsql"
	"vitrine.dev/internal/sqlstore/queuesql"
	"vitrine.dev/internal/sqlstore/refreshsql"
	"vitrine.dev/internal/sqlstore/sourcesql"
	"vitrine.dev/internal/sqlstore/statisticsql"
	"vitrine.dev/internal/sqlstore/webhooksql"
)

//go:embed migrations
var migrations embed.FS

// Store is a database with all that the program keeps in it. It is safe for
// concurrent use.
type Store struct {
	*sqldb.DB
	*catalogsql.Products
	*authsql.Accounts
	*imagesql.Images
	*attemptsql.Attempts
	*eventsql.Log
	*jobsql.Table
	*failuresql.Failures
	*findingsql.Facts
	*fscksql.Checks
	*gcsql.Collection
	*installationsql.Identity
	*processsql.Alive
	*queuesql.Queue
	*sourcesql.Sources
	*webhooksql.Webhooks
	*refreshsql.Refreshes
	*importsql.Bulk
	*statisticsql.Past
}

func newStore(db *sqldb.DB, err error) (*Store, error) {
	if err != nil {
		return nil, err
	}
	return &Store{
		DB: db, Products: catalogsql.New(db), Accounts: authsql.New(db), Images: imagesql.New(db), Log: eventsql.New(db),
		Table: jobsql.New(db), Failures: failuresql.New(db), Facts: findingsql.New(db), Checks: fscksql.New(db),
		Collection: gcsql.New(db), Identity: installationsql.New(db),
		Alive: processsql.New(db), Queue: queuesql.New(db), Sources: sourcesql.New(db), Webhooks: webhooksql.New(db), Refreshes: refreshsql.New(db),
		Bulk: importsql.New(db), Attempts: attemptsql.New(db), Past: statisticsql.New(db),
	}, nil
}

// schema is what the stores keep in a database.
func schema() sqldb.Schema {
	return sqldb.Schema{
		Migrations: migrations, Channel: "vitrine_commits", Probe: "UPDATE installation SET id = id", Sequences: []string{"products", "events"},
		Optional: catalogsql.TrigramIndex(),
		Tables: []string{
			"users", "api_keys", "sessions", "signing_keys", "audit", "products", "images", "image_attempts", "hosts", "renditions", "sources", "uploads", "chores", "runs", "leases", "installation", "processes", "minutes",
			"events", "event_log", "event_readers", "idempotency_keys", "bulk_keys", "dead_messages", "dead_jobs", "imports", "import_rows", "webhooks", "webhook_deliveries", "schema_digest",
		},
		Translate: func(err error) error {
			// The only references that an insert can break, and the only unique index: the
			// others are of random digests, or have a clause for a conflict.
			switch {
			case sqldb.BrokenUnique(err, "products_by_external_id"):
				return catalog.ErrExternalIDTaken
			case sqldb.BrokenReference(err, "products_user_fk"):
				return catalog.ErrUnknownUser
			case sqldb.BrokenReference(err, "api_keys_user_fk"):
				return auth.ErrUnknownUser
			}
			return nil
		},
	}
}

// OpenPostgres is sqldb.OpenPostgres for the stores.
func OpenPostgres(ctx context.Context, cfg sqldb.PostgresConfig, log *slog.Logger) (*Store, error) {
	return newStore(sqldb.OpenPostgres(ctx, cfg, schema(), log))
}

// OpenSQLite is sqldb.OpenSQLite for the stores.
func OpenSQLite(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	return newStore(sqldb.OpenSQLite(ctx, path, schema(), log))
}

// EndLeases ends every lease on images, messages, readers and jobs, and has every
// process be lost, for one that has the database to itself: the others are dead. The sweep and
// the dispatcher then take them up at once instead of waiting for the leases to run out.
func (s *Store) EndLeases(ctx context.Context) error {
	return s.InTxNotify(ctx, "end leases", s.endLeases)
}

func (s *Store) endLeases(ctx context.Context, tx *sql.Tx) error {
	if err := imagesql.EndLeases(ctx, tx, s.DB); err != nil {
		return err
	}
	for _, statement := range []string{
		`UPDATE event_readers SET lease_until = 0 WHERE lease_until > 0`,
		`UPDATE leases SET lease_until = 0 WHERE lease_until > 0`,
		`UPDATE dead_jobs SET lease_until = 0 WHERE lease_until > 0`,
		fmt.Sprintf(`UPDATE processes SET slots = 0, held = 0, fetched = '', heartbeat_at =
			CASE WHEN heartbeat_at < {now} - %[1]d THEN heartbeat_at ELSE {now} - %[1]d END`, processes.Gone.Milliseconds()),
	} {
		if _, err := tx.ExecContext(ctx, s.SQL(statement)); err != nil {
			return err
		}
	}
	return nil
}
