package sqldb

import (
	"context"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"vitrine.dev/internal/testserver"
)

// TestNotificationEnds: what was begun is not broken off as the process stops.
func TestNotificationEnds(t *testing.T) {
	t.Parallel()
	settings, err := pgxpool.ParseConfig(testserver.PgBouncer(t, testserver.Postgres(t)))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := newPool(t.Context(), PostgresConfig{
		Host: settings.ConnConfig.Host, Port: settings.ConnConfig.Port, User: settings.ConnConfig.User,
		Password: settings.ConnConfig.Password, Name: settings.ConnConfig.Database, SSLMode: "disable", TransactionPooling: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := newNotifier(pool, "test", slog.New(slog.DiscardHandler)).notify(stopped); err != nil {
		t.Error(err)
	}
}
