package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"vitrine.dev/internal/fault"
)

//go:embed migrations
var migrations embed.FS //nolint:gochecknoglobals // embed needs a variable

// ErrOldSchema says that the database lacks migrations of this version.
var ErrOldSchema = errors.New("the database schema is older than this program: run `vitrine migrate` first")

// Migrate brings the schema up to date and returns the files it applied. Any
// number may run at once: on PostgreSQL they wait for one another by a session
// lock; on SQLite the caller sees to it.
func (s *Store) Migrate(ctx context.Context) ([]string, error) {
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, translate("migrate", err)
	}
	applied := make([]string, 0, len(results))
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, nil
}

// CheckSchema returns ErrOldSchema where migrations are missing.
// fault.Unavailable.
func (s *Store) CheckSchema(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	provider, err := s.provider()
	if err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return translate("check schema", err)
	}
	if pending {
		return fault.Wrap(fault.Conflict, ErrOldSchema.Error(), ErrOldSchema)
	}
	return nil
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithSlog(s.log)}
	dialect := database.DialectSQLite3
	if s.dialect.name == "postgres" {
		dialect = database.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, s.write, files, options...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}
