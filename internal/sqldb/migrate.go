package sqldb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// migrateTimeout bounds the migrations, with the wait for other migrators.
const migrateTimeout = 5 * time.Minute

// ErrOldSchema says that the database lacks migrations of this version.
var ErrOldSchema = errors.New("migrations are missing")

// oldSchemaMessage is the message with ErrOldSchema.
const oldSchemaMessage = "the database schema is older than this program: run `vitrine migrate` first"

// ErrUnreleasedSchema says that the database was made by a version of this
// program from before the first release, for which there are no migrations.
var ErrUnreleasedSchema = errors.New("the first migration was another one")

// errUnreleased returns ErrUnreleasedSchema with what to do.
func errUnreleased() error {
	return fault.Wrap(fault.Conflict, "the database was made by a development version of this program, from which there is no migration: "+
		"use an empty database (or, without a server, another DATA_DIR)", ErrUnreleasedSchema)
}

// Migrate brings the schema up to date and returns the files it applied. Any
// number may run at once, in one process or several: on PostgreSQL they wait
// for one another (migrationLock); on SQLite, where a migration and its
// record are one transaction, one wins and the others find it done. Then the
// optional index is made, where it is missing and can be had.
// fault.Unavailable.
func (db *DB) Migrate(ctx context.Context) (applied []string, err error) {
	if applied, err = db.migrate(ctx); err != nil {
		return applied, err
	}
	return applied, db.addOptional(ctx)
}

func (db *DB) migrate(ctx context.Context) (applied []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	provider, err := db.provider()
	if err != nil {
		return nil, err
	}
	for {
		before, err := db.schemaVersion(ctx)
		if err != nil {
			return applied, err
		}
		if before > 0 {
			if err := db.checkDigest(ctx); err != nil {
				return applied, err
			}
		}
		results, err := provider.Up(ctx)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
		}
		for _, r := range results {
			applied = append(applied, r.Source.Path)
		}
		if err == nil || !db.overtaken(ctx, before, err) {
			return applied, db.Translate("migrate", err)
		}
	}
}

// overtaken reports whether a migration failed because another process was
// doing the same.
func (db *DB) overtaken(ctx context.Context, before int64, err error) bool {
	if locked(err) && ctx.Err() == nil {
		return backoff.Sleep(ctx, lockPause) == nil
	}
	after, readErr := db.schemaVersion(ctx)
	return readErr == nil && after > before
}

// CheckSchema returns ErrOldSchema where migrations are missing. A newer
// schema than this program's is fine. It writes nothing. ErrUnreleasedSchema,
// fault.Unavailable.
func (db *DB) CheckSchema(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return err
	}
	version, err := db.schemaVersion(ctx)
	if err != nil {
		return err
	}
	sources := provider.ListSources() // by ascending version
	if version < sources[len(sources)-1].Version {
		return fault.Wrap(fault.Conflict, oldSchemaMessage, ErrOldSchema)
	}
	return db.checkDigest(ctx)
}

// firstMigration is edited in place until there is a release. It records its own
// digest, which it names as {digest}, in the table schema_digest.
const firstMigration = "00001_first.sql"

// migrations returns the files of the database, and the digest of the first.
func (db *DB) migrations() (files fs.FS, digest string, err error) {
	folder, err := fs.Sub(db.schema.Migrations, "migrations/"+db.name)
	if err != nil {
		return nil, "", err
	}
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, "", err
	}
	completed := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, "", err
		}
		if name == firstMigration {
			sum := sha256.Sum256(text)
			digest = hex.EncodeToString(sum[:])
			text = bytes.ReplaceAll(text, []byte("{digest}"), []byte(digest))
		}
		completed[name] = &fstest.MapFile{Data: text}
	}
	return completed, digest, nil
}

// checkDigest returns ErrUnreleasedSchema where the database's first migration was
// not this program's.
func (db *DB) checkDigest(ctx context.Context) error {
	_, want, err := db.migrations()
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	var made string
	err = db.WithRetry(ctx, "read schema digest", func(ctx context.Context) error {
		made = ""
		if there, err := db.tableExists(ctx, "schema_digest"); err != nil || !there {
			return err
		}
		return db.Reader.QueryRowContext(ctx, `SELECT digest FROM schema_digest`).Scan(&made)
	})
	if err == nil && made != want {
		return errUnreleased()
	}
	return err
}

func (db *DB) tableExists(ctx context.Context, name string) (there bool, err error) {
	err = db.Reader.QueryRowContext(ctx, db.hasTable, name).Scan(&there)
	return there, err
}

// schemaVersion is the newest migration that was applied, 0 for none.
func (db *DB) schemaVersion(ctx context.Context) (version int64, err error) {
	err = db.WithRetry(ctx, "read schema version", func(ctx context.Context) error {
		if migrated, err := db.tableExists(ctx, "goose_db_version"); err != nil || !migrated {
			return err
		}
		return db.Reader.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).
			Scan(&version)
	})
	return version, err
}

func (db *DB) provider() (*goose.Provider, error) {
	files, _, err := db.migrations()
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithSlog(db.log), goose.WithDisableGlobalRegistry(true)}
	kind := database.DialectSQLite3
	if db.name == "postgres" {
		kind = database.DialectPostgres
		options = append(options, goose.WithLocker(&migrationLock{}))
	}
	provider, err := goose.NewProvider(kind, db.Writer, files, options...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}
