package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"vitrine.dev/internal/fault"
)

// PostgresConfig says where the server is.
type PostgresConfig struct {
	Host     string // a name, an address, or the folder of a Unix socket
	Port     uint16
	User     string
	Password string
	Name     string
	SSLMode  string // as libpq spells it; prefer where empty
	RootCert string // a file of certificates in PEM; the system's where empty
	Params   string // more parameters of libpq's, as the query of a URL
	MaxConns int32  // 16 where zero: more clients were slower, not faster
	// TransactionPooling says that a pooler such as PgBouncer stands before the
	// server and gives another connection to each transaction. Nothing that
	// lives on a connection is used then: prepared statements, settings, LISTEN.
	TransactionPooling bool
	Tracer             pgx.QueryTracer // is told of statements; nil: no one is
}

const (
	defaultMaxConns = 16
	// connectTimeout only matters where nothing answers at all; a server that
	// is down refuses at once, one that is overloaded needs a while.
	connectTimeout = 5 * time.Second
)

// OpenPostgres prepares a pool of connections; it does not wait for the
// server, and connects again whenever it was unavailable. An error means that
// the configuration is unusable.
func OpenPostgres(ctx context.Context, cfg PostgresConfig, schema Schema, log *slog.Logger) (*DB, error) {
	pool, err := newPool(ctx, cfg)
	if err != nil {
		return nil, err
	}
	conns := stdlib.OpenDBFromPool(pool)
	conns.SetMaxOpenConns(int(pool.Config().MaxConns))
	db := &DB{Writer: conns, Reader: conns, pool: pool, Dialect: postgresDialect().prepared(), schema: schema, log: log}
	db.batches.pool, db.batches.tracer, db.batches.lockWait = pool, cfg.Tracer, lockWait

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	notifying := newNotifier(pool, schema.Channel, log)
	db.waker.notify = notifying.committed
	var tasks sync.WaitGroup
	tasks.Go(func() { notifying.run(background) })
	if !cfg.TransactionPooling {
		tasks.Go(func() { notifying.listen(background, pool.Config().ConnConfig.Copy(), func() { db.waker.wake(false) }) })
	}
	db.closers = []func() error{
		func() error { stop(); tasks.Wait(); return nil },
		db.batches.Close,
		conns.Close,
		func() error { pool.Close(); return nil },
	}
	return db, nil
}

func newPool(ctx context.Context, cfg PostgresConfig) (*pgxpool.Pool, error) {
	dsn, err := cfg.dsn()
	if err != nil {
		return nil, err
	}
	settings, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		// The error quotes the DSN; its password is masked by pgx.
		return nil, fmt.Errorf("database configuration: %w", err)
	}
	settings.ConnConfig.ConnectTimeout = connectTimeout
	settings.ConnConfig.Tracer = cfg.Tracer
	settings.MaxConns = cmp.Or(cfg.MaxConns, defaultMaxConns)
	if cfg.TransactionPooling {
		// The types of a statement's arguments are asked for once and remembered
		// here; each use is parsed by whichever connection it meets.
		settings.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	} else {
		settings.AfterConnect = endIdleTransactions
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return pool, nil
}

// endIdleTransactions keeps a process that vanishes from keeping its locks.
func endIdleTransactions(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "SET idle_in_transaction_session_timeout = '30s'"); err != nil {
		return fault.Wrap(fault.Unavailable, "the database is not available", fmt.Errorf("prepare connection: %w", err))
	}
	return nil
}

func (cfg PostgresConfig) dsn() (string, error) {
	query, err := url.ParseQuery(cfg.Params)
	if err != nil {
		return "", errors.New("database configuration: the parameters are no query of a URL")
	}
	dsn := url.URL{Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Path: "/" + cfg.Name}
	if strings.HasPrefix(cfg.Host, "/") {
		query.Set("host", cfg.Host)
		query.Set("port", strconv.Itoa(int(cfg.Port)))
	} else {
		dsn.Host = net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	}
	if cfg.SSLMode != "" {
		query.Set("sslmode", cfg.SSLMode)
	}
	if cfg.RootCert != "" {
		query.Set("sslrootcert", cfg.RootCert)
	}
	dsn.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // libpq's plus is a plus
	return dsn.String(), nil
}
