package sqlstore

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// PostgresConfig says where the server is.
type PostgresConfig struct {
	Host     string
	Port     uint16
	User     string
	Password string
	Name     string
	SSLMode  string // as libpq spells it; prefer where empty
	MaxConns int32  // 16 where zero: more clients were slower, not faster
}

const (
	defaultMaxConns = 16
	connectTimeout  = 2 * time.Second
)

// OpenPostgres prepares a pool of connections; it does not wait for the
// server. An error means that the configuration is unusable.
func OpenPostgres(ctx context.Context, cfg PostgresConfig, log *slog.Logger) (*Store, error) {
	pool, err := newPool(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	db.SetMaxOpenConns(int(pool.Config().MaxConns))
	s := &Store{write: db, read: db, dialect: postgresDialect(), log: log}

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	notifying := newNotifier(pool, log)
	s.waker.outward = notifying.commit
	done := make(chan struct{}, 2)
	go func() { notifying.run(background); done <- struct{}{} }()
	go func() { s.listen(background, pool.Config().ConnConfig.Copy()); done <- struct{}{} }()
	s.closers = []func() error{
		func() error { stop(); <-done; <-done; return nil },
		db.Close,
		func() error { pool.Close(); return nil },
	}
	return s, nil
}

func newPool(ctx context.Context, cfg PostgresConfig) (*pgxpool.Pool, error) {
	dsn := url.URL{
		Scheme: "postgres", Host: net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))),
		User: url.UserPassword(cfg.User, cfg.Password), Path: "/" + cfg.Name,
	}
	if cfg.SSLMode != "" {
		dsn.RawQuery = url.Values{"sslmode": {cfg.SSLMode}}.Encode()
	}
	settings, err := pgxpool.ParseConfig(dsn.String())
	if err != nil {
		// The error quotes the DSN; its password is masked by pgx.
		return nil, fmt.Errorf("database configuration: %w", err)
	}
	settings.ConnConfig.ConnectTimeout = connectTimeout
	settings.MaxConns = defaultMaxConns
	if cfg.MaxConns > 0 {
		settings.MaxConns = cfg.MaxConns
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return pool, nil
}
