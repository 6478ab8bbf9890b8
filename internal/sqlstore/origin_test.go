package sqlstore_test

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// identify returns the epoch that a process gets, and whether the database is
// taken for a copy. It closes the store.
func identify(t *testing.T, s *sqlstore.Store, err error) (epoch string, copied bool) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	i := installation.New(s, nil, slog.New(slog.DiscardHandler))
	if err := i.Admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	epoch, _ = i.Epoch()
	return epoch, installation.Refused(i.MayDelete())
}

// TestCopiedFile: a copy of a SQLite file, however it was made, is another
// database, also in the place of the first; the file itself is the same after a
// restart, and under another name.
func TestCopiedFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := filepath.Join(folder, "vitrine.db")
	at := func(path string) (string, bool) {
		t.Helper()
		s, err := sqlstore.OpenSQLite(t.Context(), path, slog.New(slog.DiscardHandler))
		return identify(t, s, err)
	}
	epoch, copied := at(first)
	if again, _ := at(first); again != epoch || copied {
		t.Errorf("the same file has the epochs %s and %s, copied %v", epoch, again, copied)
	}
	body, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(folder, "backup.db")
	s, err := sqlstore.OpenSQLite(t.Context(), first, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(folder, "renamed.db")
	if err := os.Rename(first, renamed); err != nil {
		t.Fatal(err)
	}
	if again, copied := at(renamed); again != epoch || copied {
		t.Errorf("under another name the epoch is %s, not %s; copied %v", again, epoch, copied)
	}
	other := filepath.Join(folder, "copy.db")
	if err := os.WriteFile(other, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if again, copied := at(other); again == epoch || !copied {
		t.Errorf("a copy has epoch %s like the first, copied %v", again, copied)
	}
	// A backup moved here keeps its number, and that may be the one of a file that was removed.
	if err := os.Rename(backup, first); err != nil {
		t.Fatal(err)
	}
	restored, copied := at(first)
	if restored == epoch || !copied {
		t.Errorf("a backup has epoch %s like the first, copied %v", restored, copied)
	}
	if again, _ := at(first); again != restored {
		t.Errorf("a restored backup has the epochs %s and %s", restored, again)
	}
}

// TestExchangedDatabase: a copy that has the name of the first is another one.
func TestExchangedDatabase(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	open := func() (string, bool) {
		t.Helper()
		s, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, dsn), slog.New(slog.DiscardHandler))
		return identify(t, s, err)
	}
	epoch, _ := open()
	if again, copied := open(); again != epoch || copied {
		t.Errorf("the same database has the epochs %s and %s, copied %v", epoch, again, copied)
	}
	admin, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := admin.Path[1:]
	admin.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), admin.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{
		"CREATE DATABASE " + name + "_copy TEMPLATE " + name, "DROP DATABASE " + name, "ALTER DATABASE " + name + "_copy RENAME TO " + name,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if again, copied := open(); again == epoch || !copied {
		t.Errorf("its copy has epoch %s like the first, copied %v", again, copied)
	}
}

// TestOriginWithoutRights: what the role may not ask is left out.
func TestOriginWithoutRights(t *testing.T) {
	t.Parallel()
	cfg, exec := limitedRole(t)
	s := openLimited(t, cfg)
	_, all, err := s.Installation(t.Context())
	if err != nil || len(all) != 3 || all[installation.Timeline] != "00000001" || all[installation.System] == "" {
		t.Errorf("the server says %v, %v", all, err)
	}
	exec("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
	exec("REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC")
	_, less, err := s.Installation(t.Context())
	if err != nil || len(less) != 1 || less[installation.Table] != all[installation.Table] {
		t.Errorf("without rights it says %v, %v", less, err)
	}
}
