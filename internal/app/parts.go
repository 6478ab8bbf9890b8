package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/blob/s3"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/inprocess"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testurls"
)

// openStore opens PostgreSQL where DB_HOST names it, else SQLite in DATA_DIR.
// queries is told of PostgreSQL's statements; nil: no one is.
func openStore(
	ctx context.Context, cfg config.Config, r role, held *closers, log *slog.Logger, queries pgx.QueryTracer,
) (*sqlstore.Store, error) {
	if cfg.DBHost != "" {
		store, err := sqlstore.OpenPostgres(ctx, sqldb.PostgresConfig{
			Host: cfg.DBHost, Port: cfg.DBPort, User: cfg.DBUser, Password: cfg.DBPassword,
			Name: cfg.DBName, SSLMode: cfg.DBSSLMode, RootCert: cfg.DBRootCert, Params: cfg.DBParams, MaxConns: cfg.DBMaxConns,
			TransactionPooling: cfg.DBPoolMode == "transaction", Tracer: queries,
		}, log)
		if err != nil {
			return nil, fmt.Errorf("open PostgreSQL: %w", err)
		}
		held.add("database", store)
		return store, nil
	}
	lock, err := lockDataDir(cfg.DataDir, r.alone())
	if err != nil {
		return nil, err
	}
	held.add("data directory", lock)
	return openSQLite(ctx, databaseFile(cfg), held, log)
}

func openSQLite(ctx context.Context, path string, held *closers, log *slog.Logger) (*sqlstore.Store, error) {
	store, err := sqlstore.OpenSQLite(ctx, path, log)
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	held.add("database", store)
	return store, nil
}

// openCache opens Redis where REDIS_HOST names it. An in-process cache is
// correct only where no other process writes: embedded, in one process. In
// every other deployment reads go to the database.
func openCache(
	ctx context.Context, cfg config.Config, r role, held *closers, log *slog.Logger, identity *installation.Identity,
	watched func(cache.Cache) cache.Cache,
) (*readthrough.Cache, string, error) {
	switch {
	case cfg.RedisHost != "":
		return readThrough(cfg, watched(openRedis(ctx, cfg, identity)), "redis", held, log)
	case cfg.DBHost == "" && r.alone():
		settings := memory.DefaultConfig()
		settings.Lease = cfg.CacheLease
		engine, err := memory.New(settings)
		if err != nil {
			return nil, "", fmt.Errorf("open in-process cache: %w", err)
		}
		return readThrough(cfg, watched(engine), "in process", held, log)
	default:
		watched(nil)
		return readthrough.Disabled(), "none (set REDIS_HOST or REDIS_URL)", nil
	}
}

// openRedis opens Redis for the identity's installation, nil for any.
func openRedis(ctx context.Context, cfg config.Config, identity *installation.Identity) *redis.Cache {
	settings := redisConfig(cfg)
	if identity == nil {
		return redis.New(ctx, settings)
	}
	settings.Installation = identity.ID
	engine := redis.New(ctx, settings)
	identity.Mark(installation.Cache, engine)
	identity.Remember(engine)
	return engine
}

func redisConfig(cfg config.Config) redis.Config {
	settings := redis.DefaultConfig()
	settings.Host, settings.Port = cfg.RedisHost, cfg.RedisPort
	settings.TLS, _ = cfg.ServerTLS()
	settings.User, settings.Password, settings.DB = cfg.RedisUser, cfg.RedisPassword, cfg.RedisDB
	settings.Cluster = cfg.RedisCluster
	settings.Prefix, settings.Lease = cfg.RedisPrefix, cfg.CacheLease
	return settings
}

func readThrough(
	cfg config.Config, engine cache.Cache, kind string, held *closers, log *slog.Logger,
) (*readthrough.Cache, string, error) {
	held.add("cache", engine)
	settings := readthrough.DefaultConfig()
	settings.Lease = cfg.CacheLease
	reader, err := readthrough.New(engine, settings, log)
	if err != nil {
		return nil, "", fmt.Errorf("open cache: %w", err)
	}
	return reader, kind, nil
}

// openQueue opens RabbitMQ where QUEUE_HOST names it, else a queue in this
// process.
func openQueue(cfg config.Config, held *closers, identity *installation.Identity, log *slog.Logger) (queue.Driver, error) {
	if cfg.QueueHost == "" {
		driver := inprocess.New(cfg.WorkerDownloads)
		held.add("queue", driver)
		return driver, nil
	}
	driver, err := openRabbitMQ(cfg, held, identity, log)
	if err != nil {
		return nil, err
	}
	return driver, nil
}

// openRabbitMQ opens RabbitMQ for the identity's installation, nil for any.
func openRabbitMQ(cfg config.Config, held *closers, identity *installation.Identity, log *slog.Logger) (*rabbitmq.Driver, error) {
	_, secured := cfg.ServerTLS()
	broker := rabbitmq.DefaultConfig()
	broker.Host, broker.Port, broker.VHost, broker.TLS = cfg.QueueHost, cfg.QueuePort, cfg.QueueVHost, secured
	broker.User, broker.Password = cfg.QueueUser, cfg.QueuePassword
	if identity != nil {
		broker.Installation = identity.ID
	}
	driver, err := rabbitmq.New(broker, log)
	if err != nil {
		return nil, fmt.Errorf("open RabbitMQ: %w", err)
	}
	if identity != nil {
		identity.Mark(installation.Queue, driver)
	}
	held.add("queue", driver)
	return driver, nil
}

// openBlobs opens the S3 bucket where AWS_S3_BUCKET names it, else a folder in
// DATA_DIR.
func openBlobs(ctx context.Context, cfg config.Config, held *closers) (blob.Store, error) {
	if cfg.S3Bucket != "" {
		store, err := s3.New(ctx, s3.Config{
			Bucket: cfg.S3Bucket, AccessKeyID: cfg.S3AccessKeyID, SecretAccessKey: cfg.S3SecretAccessKey,
			SessionToken: cfg.S3SessionToken, Region: cfg.S3Region, Endpoint: cfg.S3Endpoint, CAFile: cfg.S3CAFile, PublicBaseURL: cfg.PublicBaseURL,
		})
		if err != nil {
			return nil, fmt.Errorf("open S3: %w", err)
		}
		return store, nil
	}
	base := cfg.PublicBaseURL
	if base == "" {
		base = cfg.LocalURL() + "/images"
	}
	store, err := disk.New(imagesFolder(cfg), base)
	if err != nil {
		return nil, fmt.Errorf("open image folder: %w", err)
	}
	held.add("storage", store)
	return store, nil
}

// dispatching is how images are dispatched, whichever process does it.
func dispatching(cfg config.Config) dispatch.Config {
	d := dispatch.DefaultConfig()
	d.Depth, d.Life, d.Lease, d.DrainTimeout = cfg.QueueDepth, cfg.RequeueAfter, cfg.JobLease, cfg.DrainTimeout
	d.Limits.Host = cfg.FetchHostLimit
	return d
}

// newFetcher puts together what fetches the sources of images.
func newFetcher(cfg config.Config, held *closers) media.Fetcher {
	limits := fetch.DefaultConfig()
	limits.MaxBytes, limits.Timeout, limits.AllowPrivate = cfg.ImageMaxBytes, cfg.FetchTimeout, cfg.FetchAllowPrivate
	// FETCH_HOST_LIMIT alone bounds the fetches of a host.
	limits.MaxConnsPerHost = max(limits.MaxConnsPerHost, cfg.FetchHostLimit, cfg.WorkerDownloads)
	fetcher := fetch.New(limits)
	held.add("fetcher", fetcher)
	if cfg.TestURLs {
		return testurls.Fetcher{Others: fetcher, Timeout: cfg.FetchTimeout}
	}
	return fetcher
}

// How many bytes of downloads, and of uploads, are in memory before they go to disk.
const (
	downloadMemory = 16 << 20
	receivedMemory = 16 << 20
)

// newSpool keeps downloads, or uploads, in DATA_DIR where the process has one, else where
// temporary files are. A folder that cannot be written is found out now, not with
// the first download that memory has no room for.
func newSpool(cfg config.Config, memory int64) (*spool.Spool, error) {
	variable, folder := "TMPDIR", os.TempDir()
	if cfg.DBHost == "" || cfg.S3Bucket == "" {
		variable, folder = "DATA_DIR", cfg.DataDir
	}
	s := spool.New(folder, memory)
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return s, nil
}

// openLog opens the log of events from now on, for the reader of the name.
func (p *process) openLog(reader string) func(context.Context) (events.Next, error) {
	return func(ctx context.Context) (events.Next, error) { return p.horizon.NamedTail(ctx, reader) }
}

// errDataDirBusy is why `serve` and the other roles do not share a DATA_DIR.
var errDataDirBusy = errors.New("another process uses this DATA_DIR: " +
	"`serve` wants it for itself, `api` and `worker` share it only with one another")

func databaseFile(cfg config.Config) string { return filepath.Join(cfg.DataDir, "vitrine.db") }

func imagesFolder(cfg config.Config) string { return filepath.Join(cfg.DataDir, "images") }

// lockDataDir makes the directory where it is missing and locks it until the
// lock is closed: alone, so that the in-process cache sees every write, or
// shared.
func lockDataDir(path string, alone bool) (io.Closer, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("make DATA_DIR: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's own directory
	if err != nil {
		return nil, fmt.Errorf("open lock of DATA_DIR: %w", err)
	}
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	if err := syscall.Flock(int(lock.Fd()), how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, errDataDirBusy), lock.Close())
	}
	return lock, nil
}
