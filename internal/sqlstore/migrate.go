package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"vitrine.dev/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// migrateTimeout bounds Migrate, with its wait for other migrators.
const migrateTimeout = 5 * time.Minute

// ErrOldSchema says that the database lacks migrations of this version.
var ErrOldSchema = errors.New("migrations are missing")

// oldSchemaMessage is what ErrOldSchema is told with.
const oldSchemaMessage = "the database schema is older than this program: run `vitrine migrate` first"

// Migrate brings the schema up to date and returns the files it applied. Any
// number may run at once, in one process or several: on PostgreSQL they wait
// for one another (migrationLock); on SQLite, where a migration and its
// record are one transaction, one wins and the others find it done.
// fault.Unavailable.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	for {
		before, err := s.schemaVersion(ctx)
		if err != nil {
			return applied, err
		}
		results, err := provider.Up(ctx)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
		}
		for _, r := range results {
			applied = append(applied, r.Source.Path)
		}
		if err == nil || !s.overtaken(ctx, before, err) {
			return applied, translate("migrate", err)
		}
	}
}

// overtaken reports whether a migration failed because another process was
// doing the same.
func (s *Store) overtaken(ctx context.Context, before int64, err error) bool {
	if locked(err) && ctx.Err() == nil {
		pause(ctx, lockPause)
		return true
	}
	after, readErr := s.schemaVersion(ctx)
	return readErr == nil && after > before
}

// CheckSchema returns ErrOldSchema where migrations are missing. A newer
// schema than this program's is fine. It writes nothing. fault.Unavailable.
func (s *Store) CheckSchema(ctx context.Context) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	version, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	sources := provider.ListSources() // by ascending version
	if version < sources[len(sources)-1].Version {
		return fault.Wrap(fault.Conflict, oldSchemaMessage, ErrOldSchema)
	}
	return nil
}

// schemaVersion is the newest migration that was applied, 0 for none.
func (s *Store) schemaVersion(ctx context.Context) (version int64, err error) {
	err = s.patiently(ctx, "read schema version", func(ctx context.Context) error {
		var migrated bool
		if err := s.read.QueryRowContext(ctx, s.dialect.migrated).Scan(&migrated); err != nil || !migrated {
			return err
		}
		return s.read.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).
			Scan(&version)
	})
	return version, err
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true)}
	dialect := database.DialectSQLite3
	if s.dialect.name == "postgres" {
		dialect = database.DialectPostgres
		options = append(options, goose.WithLocker(&migrationLock{}))
	}
	provider, err := goose.NewProvider(dialect, s.write, files, options...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}
