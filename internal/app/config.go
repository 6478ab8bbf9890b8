package app

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Config is everything that can be set. The zero environment gives the
// embedded default; each *_HOST and AWS_S3_BUCKET moves one part to a server.
type Config struct {
	DBHost     string `env:"DB_HOST"`
	DBPort     uint16 `env:"DB_PORT"     envDefault:"5432"`
	DBUser     string `env:"DB_USER"     envDefault:"vitrine"`
	DBPassword string `env:"DB_PASSWORD"`
	DBName     string `env:"DB_NAME"     envDefault:"vitrine"`
	DBSSLMode  string `env:"DB_SSLMODE"  envDefault:"prefer"`

	RedisHost     string `env:"REDIS_HOST"`
	RedisPort     uint16 `env:"REDIS_PORT"     envDefault:"6379"`
	RedisPassword string `env:"REDIS_PASSWORD"`
	RedisPrefix   string `env:"REDIS_PREFIX"   envDefault:"vitrine:"`

	QueueDriver   string `env:"QUEUE_DRIVER"   envDefault:"rabbitmq"`
	QueueHost     string `env:"QUEUE_HOST"`
	QueuePort     uint16 `env:"QUEUE_PORT"     envDefault:"5672"`
	QueueUser     string `env:"QUEUE_USER"     envDefault:"guest"`
	QueuePassword string `env:"QUEUE_PASSWORD" envDefault:"guest"`
	QueueVHost    string `env:"QUEUE_VHOST"    envDefault:"/"`
	QueueDepth    int    `env:"QUEUE_DEPTH"    envDefault:"64"`

	S3Bucket          string `env:"AWS_S3_BUCKET"`
	S3AccessKeyID     string `env:"AWS_ACCESS_KEY_ID"`
	S3SecretAccessKey string `env:"AWS_SECRET_ACCESS_KEY"`
	S3SessionToken    string `env:"AWS_SESSION_TOKEN"`
	S3Region          string `env:"AWS_REGION"            envDefault:"us-east-1"`
	S3Endpoint        string `env:"AWS_ENDPOINT_URL_S3"`

	HTTPAddr      string `env:"HTTP_ADDR"       envDefault:"127.0.0.1:8080"`
	DataDir       string `env:"DATA_DIR"        envDefault:"./data"`
	PublicBaseURL string `env:"PUBLIC_BASE_URL"`

	IdempotencyTTL time.Duration `env:"IDEMPOTENCY_TTL" envDefault:"24h"`

	WorkerConcurrency int           `env:"WORKER_CONCURRENCY"` // 0: four per core
	MaxAttempts       int           `env:"JOB_MAX_ATTEMPTS"    envDefault:"5"`
	JobLease          time.Duration `env:"JOB_LEASE"           envDefault:"1m"`
	MaxCrashes        int           `env:"JOB_MAX_CRASHES"     envDefault:"3"`
	MaxAge            time.Duration `env:"JOB_MAX_AGE"         envDefault:"6h"`
	Backoff           time.Duration `env:"JOB_BACKOFF"         envDefault:"4s"`
	BackoffCap        time.Duration `env:"JOB_BACKOFF_CAP"     envDefault:"10m"`
	RequeueAfter      time.Duration `env:"JOB_REQUEUE_AFTER"   envDefault:"15m"`
	DrainTimeout      time.Duration `env:"DRAIN_TIMEOUT"       envDefault:"30s"`
	DrainDelay        time.Duration `env:"DRAIN_DELAY"         envDefault:"0s"`
	CacheLease        time.Duration `env:"CACHE_LEASE"         envDefault:"30s"`
	OrphanGrace       time.Duration `env:"ORPHAN_GRACE"        envDefault:"24h"`
	OrphanInterval    time.Duration `env:"ORPHAN_INTERVAL"     envDefault:"1h"`

	FetchAllowPrivate bool          `env:"FETCH_ALLOW_PRIVATE"`
	FetchHostLimit    int           `env:"FETCH_HOST_LIMIT"` // 0: three quarters of WORKER_CONCURRENCY
	FetchTimeout      time.Duration `env:"FETCH_TIMEOUT"        envDefault:"30s"`
	ImageMaxBytes     int64         `env:"IMAGE_MAX_BYTES"      envDefault:"25000000"`
	ImageMaxPixels    int64         `env:"IMAGE_MAX_PIXELS"     envDefault:"100000000"`
	ImagePixelBudget  int64         `env:"IMAGE_PIXEL_BUDGET"   envDefault:"120000000"`
	ImageMaxFrames    int           `env:"IMAGE_MAX_FRAMES"     envDefault:"500"`
	ImageAVIF         bool          `env:"IMAGE_AVIF"`
	ImageEngine       string        `env:"IMAGE_ENGINE"         envDefault:"auto"`
	ImageIsolation    string        `env:"IMAGE_ISOLATION"      envDefault:"process"`
	RenderTimeout     time.Duration `env:"IMAGE_RENDER_TIMEOUT" envDefault:"1m"`
	LibvipsPath       string        `env:"LIBVIPS_PATH"`

	LogLevel  string `env:"LOG_LEVEL"  envDefault:"info"`
	LogFormat string `env:"LOG_FORMAT"`
}

// LoadConfig reads .env where there is one, then the environment, which wins.
// Its error names every variable at fault.
func LoadConfig() (Config, error) {
	if err := loadDotEnv(); err != nil {
		return Config{}, err
	}
	return parseConfig(nil)
}

// loadDotEnv keeps to itself what the parser says: it quotes the file, and so
// its secrets.
func loadDotEnv() error {
	err := godotenv.Load()
	if _, unreadable := errors.AsType[*fs.PathError](err); err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if unreadable {
		return fmt.Errorf("read .env: %w", err)
	}
	return errDotEnv
}

var errDotEnv = errors.New("read .env: it has a line that is not NAME=value (quote values that have spaces, quotes or #)")

// parseConfig reads the environment given, that of the process for nil.
func parseConfig(environment map[string]string) (Config, error) {
	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: environment})
	problems := parseProblems(err)
	problems = append(problems, cfg.problems()...)
	if cfg.WorkerConcurrency == 0 {
		cfg.WorkerConcurrency = 4 * runtime.NumCPU()
	}
	if len(problems) > 0 {
		return Config{}, fmt.Errorf("the configuration has %d problems:\n  %s", len(problems), strings.Join(problems, "\n  "))
	}
	return cfg, nil
}

// parseProblems names the variables that could not be read. The values stay
// out of the text: some are secrets.
func parseProblems(err error) []string {
	if err == nil {
		return nil
	}
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return []string{err.Error()}
	}
	var problems []string
	for _, e := range all.Errors {
		if p, ok := errors.AsType[env.ParseError](e); ok {
			if field, found := reflect.TypeFor[Config]().FieldByName(p.Name); found {
				problems = append(problems, fmt.Sprintf("%s must be a valid %s", field.Tag.Get("env"), typeName(field.Type)))
				continue
			}
		}
		problems = append(problems, e.Error())
	}
	return problems
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration such as 30s"
	case t.Kind() == reflect.Bool:
		return "boolean (true or false)"
	case t.Kind() == reflect.Uint16:
		return "port number (0 to 65535)"
	default:
		return "integer"
	}
}

// problems checks what the types cannot.
func (c Config) problems() []string {
	var list []string
	check := func(ok bool, problem string) {
		if !ok {
			list = append(list, problem)
		}
	}
	oneOf := func(name, value string, allowed ...string) {
		check(slices.Contains(allowed, value), fmt.Sprintf("%s must be one of %s", name, strings.Join(allowed, ", ")))
	}
	_, _, err := net.SplitHostPort(c.HTTPAddr)
	check(err == nil, "HTTP_ADDR must be host:port, such as 127.0.0.1:8080")
	check(c.DataDir != "", "DATA_DIR must not be empty")
	check(c.PublicBaseURL == "" || isHTTPURL(c.PublicBaseURL), "PUBLIC_BASE_URL must be an http or https URL without user name and password")
	check(c.S3Endpoint == "" || isHTTPURL(c.S3Endpoint), "AWS_ENDPOINT_URL_S3 must be an http or https URL without user name and password")
	for _, host := range [][2]string{{"DB_HOST", c.DBHost}, {"REDIS_HOST", c.RedisHost}, {"QUEUE_HOST", c.QueueHost}} {
		check(!strings.ContainsAny(host[1], "@?#") && !strings.Contains(host[1], "//"), host[0]+" must be a host name or address, not a URL")
	}
	check(!strings.ContainsAny(c.S3Bucket, "@?#") && !strings.Contains(c.S3Bucket, "//"), "AWS_S3_BUCKET must be the name of a bucket, not a URL")
	check((c.S3AccessKeyID == "") == (c.S3SecretAccessKey == ""),
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together")
	oneOf("QUEUE_DRIVER", c.QueueDriver, "rabbitmq")
	oneOf("DB_SSLMODE", c.DBSSLMode, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
	oneOf("IMAGE_ENGINE", c.ImageEngine, "auto", "vips", "go")
	oneOf("IMAGE_ISOLATION", c.ImageIsolation, "process", "none")
	oneOf("LOG_FORMAT", c.LogFormat, "", "json", "text")
	var level slog.Level
	check(level.UnmarshalText([]byte(c.LogLevel)) == nil, "LOG_LEVEL must be debug, info, warn or error")
	check(c.WorkerConcurrency >= 0 && c.WorkerConcurrency <= 1000, "WORKER_CONCURRENCY must be from 1 to 1000")
	check(c.MaxAttempts >= 1 && c.MaxAttempts <= 100, "JOB_MAX_ATTEMPTS must be from 1 to 100")
	check(c.MaxCrashes >= 1 && c.MaxCrashes <= 100, "JOB_MAX_CRASHES must be from 1 to 100")
	check(c.MaxAge >= time.Second, "JOB_MAX_AGE must be at least 1s")
	check(c.Backoff >= time.Millisecond && c.Backoff <= c.BackoffCap, "JOB_BACKOFF must be from 1ms to JOB_BACKOFF_CAP")
	check(c.BackoffCap <= 24*time.Hour, "JOB_BACKOFF_CAP must be at most 24h")
	check(c.FetchHostLimit >= 0 && c.FetchHostLimit <= 1000, "FETCH_HOST_LIMIT must be from 1 to 1000")
	check(c.QueueDepth >= 1 && c.QueueDepth <= 100_000, "QUEUE_DEPTH must be from 1 to 100000")
	check(c.JobLease >= time.Second, "JOB_LEASE must be at least 1s")
	check(c.RequeueAfter >= time.Second, "JOB_REQUEUE_AFTER must be at least 1s")
	check(c.DrainTimeout > 0, "DRAIN_TIMEOUT must be positive")
	check(c.DrainDelay >= 0, "DRAIN_DELAY must not be negative")
	check(c.CacheLease >= time.Second && c.CacheLease <= 5*time.Minute, "CACHE_LEASE must be from 1s to 5m")
	check(c.IdempotencyTTL >= time.Minute && c.IdempotencyTTL <= 30*24*time.Hour, "IDEMPOTENCY_TTL must be from 1m to 720h")
	check(c.OrphanGrace >= 0, "ORPHAN_GRACE must not be negative")
	check(c.OrphanInterval >= time.Millisecond, "ORPHAN_INTERVAL must be positive")
	check(c.FetchTimeout > 0, "FETCH_TIMEOUT must be positive")
	check(c.ImageMaxBytes > 0, "IMAGE_MAX_BYTES must be positive")
	check(c.ImageMaxPixels > 0, "IMAGE_MAX_PIXELS must be positive")
	check(c.ImagePixelBudget > 0, "IMAGE_PIXEL_BUDGET must be positive")
	check(c.RenderTimeout >= time.Second, "IMAGE_RENDER_TIMEOUT must be at least 1s")
	check(c.ImageMaxFrames > 0, "IMAGE_MAX_FRAMES must be positive")
	return list
}

func isHTTPURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
