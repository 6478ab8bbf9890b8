package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore/installationsql"
)

// ErrNoBackup is why a server's database is not backed up here.
var ErrNoBackup = errors.New("only the embedded database can be backed up; PostgreSQL has pg_dump and archives of its own")

// Backup is what a copy of the database holds.
type Backup struct {
	Products int64
	Schema   int64 // the newest migration
	Bytes    int64 // of the file
}

// Backup copies the SQLite database into a new file, as it is at one moment,
// while any number of processes read and write it: whatever was acknowledged
// before is in it. A plain copy of the file would lack what is still in the
// write-ahead log, or be torn. The copy is checked and on disk when this
// returns, and there is no file otherwise; one that is there already is
// refused. It takes as much time as reading the database does.
func (s *Store) Backup(ctx context.Context, path string) (b Backup, err error) {
	if !s.OneWriter {
		return b, fault.Wrap(fault.Invalid, ErrNoBackup.Error(), ErrNoBackup)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return b, fmt.Errorf("back up to %s: %w", path, errors.Join(err, fs.ErrExist))
	}
	// Beside its place, readable for no one else, and empty, as VACUUM wants it.
	file, err := os.CreateTemp(filepath.Dir(path), ".vitrine-backup-*")
	if err != nil {
		return b, fmt.Errorf("back up: %w", err)
	}
	defer func() {
		_ = os.Remove(file.Name() + "-journal")
		err = errors.Join(err, file.Close())
		if removed := os.Remove(file.Name()); !errors.Is(removed, fs.ErrNotExist) { // renamed
			err = errors.Join(err, removed)
		}
	}()
	// A snapshot in one read transaction: https://www.sqlite.org/lang_vacuum.html#vacuuminto
	if _, err := s.Reader.ExecContext(ctx, "VACUUM INTO $1", file.Name()); err != nil {
		return b, s.Translate("back up", err)
	}
	if err := markBackup(ctx, file.Name()); err != nil {
		return b, fmt.Errorf("mark the backup: %w", err)
	}
	if b, err = inspectBackup(ctx, file.Name()); err != nil {
		return b, fmt.Errorf("check the backup: %w", err)
	}
	info, err := os.Stat(file.Name())
	if err != nil {
		return b, fmt.Errorf("check the backup: %w", err)
	}
	b.Bytes = info.Size()
	return b, publishFile(file, path)
}

// markBackup has the copy say that it is none of the files that it may become: the
// first process that opens it gives it a new epoch.
func markBackup(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return installationsql.MarkCopy(ctx, db)
}

// inspectBackup reads the whole copy.
func inspectBackup(ctx context.Context, path string) (b Backup, err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return b, err
	}
	if verdict != "ok" {
		return b, fmt.Errorf("the database is damaged: %s", verdict)
	}
	var broken int64
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken)
	if err != nil {
		return b, err
	}
	if broken > 0 {
		return b, fmt.Errorf("the database is damaged: %d rows refer to rows that are not there", broken)
	}
	err = db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM products),
		(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied)`).Scan(&b.Products, &b.Schema)
	return b, err
}

// publishFile gives the file its name once it is on disk, where nothing has
// that name.
func publishFile(file *os.File, path string) error {
	if err := file.Sync(); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	err := os.Link(file.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) { // a file system without hard links
		if _, missing := os.Lstat(path); errors.Is(missing, fs.ErrNotExist) {
			err = os.Rename(file.Name(), path)
		}
	}
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
