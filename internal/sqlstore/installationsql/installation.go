// Package installationsql keeps who the installation is, and finds out which
// copy of its database it is in.
package installationsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/sqldb"
)

// Identity implements installation.Store.
type Identity struct{ db *sqldb.DB }

var _ installation.Store = (*Identity)(nil)

// New returns the identity of the database.
func New(db *sqldb.DB) *Identity { return &Identity{db} }

// Installation implements installation.Store.
func (s *Identity) Installation(ctx context.Context) (r installation.Record, now installation.Origin, err error) {
	var external [3]bool
	var age int64
	var origin string
	err = s.db.WithRetry(ctx, "read installation", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
			SELECT id, epoch, {now} - epoch_at, origin, copied, cache_external, queue_external, storage_external FROM installation`)).
			Scan(&r.ID, &r.Epoch, &age, &origin, &r.Copied, &external[0], &external[1], &external[2])
	})
	if err != nil {
		return r, nil, err
	}
	if err := json.Unmarshal([]byte(origin), &r.Origin); err != nil {
		return r, nil, fmt.Errorf("origin of the database: %w", err)
	}
	r.EpochAge = time.Duration(age) * time.Millisecond
	for i, part := range installation.Parts() {
		if external[i] {
			r.External = append(r.External, part)
		}
	}
	now, err = s.origin(ctx)
	return r, now, err
}

// change replaces the record.
const change = `
	UPDATE installation SET epoch = $1, epoch_at = CASE WHEN epoch = $1 THEN epoch_at ELSE {now} END,
		origin = $2, copied = $3, cache_external = $4, queue_external = $5, storage_external = $6 `

// ChangeInstallation implements installation.Store.
func (s *Identity) ChangeInstallation(ctx context.Context, from, to installation.Record) (bool, error) {
	changed, err := s.db.Exec(ctx, "change installation", change+`
		WHERE epoch = $7 AND origin = $8 AND copied = $9
			AND cache_external = $10 AND queue_external = $11 AND storage_external = $12`,
		append(arguments(to), arguments(from)...)...)
	return changed > 0, err
}

// Moved makes the record, in the transaction that has copied it from another
// database, one of an installation that lives here from now on, with these
// external parts.
func (s *Identity) Moved(ctx context.Context, tx *sql.Tx, external []installation.Part) error {
	_, err := tx.ExecContext(ctx, s.db.SQL(change), arguments(installation.Record{Epoch: installation.NewEpoch(), External: external})...)
	return err
}

// MarkCopy makes a SQLite file one that is another than before, wherever it lies.
func MarkCopy(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `UPDATE installation SET origin = $1`, arguments(installation.Record{
		Origin: installation.Origin{installation.File: "a copy by vitrine backup"},
	})[1])
	return err
}

func arguments(r installation.Record) []any {
	origin := []byte("{}")
	if len(r.Origin) > 0 {
		origin, _ = json.Marshal(r.Origin) //nolint:errchkjson // texts; the names come in order: equal origins are equal texts
	}
	args := []any{r.Epoch, string(origin), sqldb.OneOrZero(r.Copied)}
	for _, part := range installation.Parts() {
		args = append(args, sqldb.OneOrZero(slices.Contains(r.External, part)))
	}
	return args
}

// LastEvent implements installation.Store.
func (s *Identity) LastEvent(ctx context.Context) (int64, error) { return s.db.LastID(ctx, "events") }

// Published implements installation.Store.
func (s *Identity) Published(ctx context.Context) (published bool, err error) {
	err = s.db.WithRetry(ctx, "look for published pictures", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM renditions WHERE deleting_until = 0) OR EXISTS (SELECT 1 FROM sources WHERE deleting_until = 0)`).Scan(&published)
	})
	return published, err
}

// origin asks the system. What this role may not know, or the system does not, is
// left out.
func (s *Identity) origin(ctx context.Context) (installation.Origin, error) {
	if s.db.OneWriter {
		return s.ofFile(ctx)
	}
	o := installation.Origin{}
	for _, ask := range []struct{ name, query string }{
		// A copy by CREATE DATABASE … TEMPLATE has the same tables, but is another database.
		{installation.Table, `
			SELECT oid::TEXT || '/' || 'installation'::REGCLASS::OID::TEXT FROM pg_database WHERE datname = current_database()`},
		{installation.System, `SELECT system_identifier::TEXT FROM pg_control_system()`},
		// The control file has the timeline of the last checkpoint only; a server
		// that recovers has none of its own.
		{installation.Timeline, `SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END`},
	} {
		var value string
		err := s.db.WithRetry(ctx, "read origin", func(ctx context.Context) error {
			return s.db.Reader.QueryRowContext(ctx, ask.query).Scan(&value)
		})
		switch {
		case sqldb.Denied(err):
		case err != nil:
			return nil, err
		case value != "":
			o[ask.name] = value
		}
	}
	return o, nil
}

// ofFile names the file by what its system calls it.
func (s *Identity) ofFile(ctx context.Context) (installation.Origin, error) {
	var path string
	err := s.db.WithRetry(ctx, "read path", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path)
	})
	if err != nil {
		return nil, err
	}
	name, err := nameOfFile(path)
	if err != nil {
		return nil, fmt.Errorf("origin of the database: %w", err)
	}
	return installation.Origin{installation.File: name}, nil
}
