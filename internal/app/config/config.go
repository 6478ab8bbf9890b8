package config

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
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
	DBSSLMode  string `env:"DB_SSLMODE"` // verify-full with DBRootCert, else prefer
	DBRootCert string `env:"DB_SSLROOTCERT"`
	DBParams   string `env:"DB_PARAMS"` // as the query of a URL: name=value&name=value
	DBMaxConns int32  `env:"DB_MAX_CONNS" envDefault:"16"`
	DBPoolMode string `env:"DB_POOL_MODE" envDefault:"session"`

	RedisHost     string `env:"REDIS_HOST"`
	RedisPort     uint16 `env:"REDIS_PORT"     envDefault:"6379"`
	RedisUser     string `env:"REDIS_USER"`
	RedisPassword string `env:"REDIS_PASSWORD"`
	RedisDB       int    `env:"REDIS_DB"       envDefault:"0"`
	RedisPrefix   string `env:"REDIS_PREFIX"   envDefault:"vitrine:"`
	RedisCluster  bool   `env:"REDIS_CLUSTER"`
	RedisTLS      bool   `env:"REDIS_TLS"` // RedisCAFile implies it
	RedisCAFile   string `env:"REDIS_CA_FILE"`

	QueueDriver   string `env:"QUEUE_DRIVER"   envDefault:"rabbitmq"`
	QueueHost     string `env:"QUEUE_HOST"`
	QueuePort     uint16 `env:"QUEUE_PORT"` // 5671 with TLS, else 5672
	QueueUser     string `env:"QUEUE_USER"     envDefault:"guest"`
	QueuePassword string `env:"QUEUE_PASSWORD" envDefault:"guest"`
	QueueVHost    string `env:"QUEUE_VHOST"    envDefault:"/"`
	QueueDepth    int    `env:"QUEUE_DEPTH"    envDefault:"256"`
	QueueTLS      bool   `env:"QUEUE_TLS"` // QueueCAFile implies it
	QueueCAFile   string `env:"QUEUE_CA_FILE"`

	S3Bucket          string `env:"AWS_S3_BUCKET"`
	S3AccessKeyID     string `env:"AWS_ACCESS_KEY_ID"`
	S3SecretAccessKey string `env:"AWS_SECRET_ACCESS_KEY"`
	S3SessionToken    string `env:"AWS_SESSION_TOKEN"`
	S3Region          string `env:"AWS_REGION"` // else AWS_DEFAULT_REGION, else us-east-1
	S3DefaultRegion   string `env:"AWS_DEFAULT_REGION"`
	S3Endpoint        string `env:"AWS_ENDPOINT_URL_S3"` // else AWS_ENDPOINT_URL
	S3AnyEndpoint     string `env:"AWS_ENDPOINT_URL"`
	S3CAFile          string `env:"AWS_CA_BUNDLE"`

	HTTPAddr      Address      `env:"HTTP_ADDR"       envDefault:"127.0.0.1:8080"`
	AdminAddr     AdminAddress `env:"ADMIN_ADDR"      envDefault:"127.0.0.1:9090"`
	AdminPprof    bool         `env:"ADMIN_PPROF"` // also where AdminAddr is not on loopback: see AdminProfiles
	DataDir       string       `env:"DATA_DIR"        envDefault:"./data"`
	PublicBaseURL string       `env:"PUBLIC_BASE_URL"`

	Auth                string         `env:"AUTH"` // on or off; "": see AuthOn
	AllowedHosts        []string       `env:"ALLOWED_HOSTS"`
	TrustedProxies      []netip.Prefix `env:"TRUSTED_PROXIES"`
	Origins             []string       `env:"CORS_ALLOWED_ORIGINS"`
	RateLimitPerKey     int64          `env:"RATE_LIMIT_PER_KEY"`     // requests a minute; 0: no limit
	RateLimitPerAddress int64          `env:"RATE_LIMIT_PER_ADDRESS"` // likewise
	APIKey              string         `env:"VITRINE_API_KEY"`        // for commands that speak to a server
	SecretKey           string         `env:"SECRET_KEY"`             // encrypts the secrets of webhooks; "": they are not
	WebhookAllowPrivate bool           `env:"WEBHOOK_ALLOW_PRIVATE"`

	IdempotencyTTL time.Duration `env:"IDEMPOTENCY_TTL" envDefault:"24h"`
	EventRetention time.Duration `env:"EVENT_RETENTION" envDefault:"720h"`
	EventMaxCount  int64         `env:"EVENT_MAX_COUNT" envDefault:"5000000"`

	WorkerDownloads int           `env:"WORKER_DOWNLOADS"    envDefault:"64"`
	WorkerRenders   int           `env:"WORKER_RENDERS"` // 0: one per core
	MaxAttempts     int           `env:"JOB_MAX_ATTEMPTS"    envDefault:"5"`
	JobLease        time.Duration `env:"JOB_LEASE"           envDefault:"1m"`
	MaxCrashes      int           `env:"JOB_MAX_CRASHES"     envDefault:"3"`
	MaxAge          time.Duration `env:"JOB_MAX_AGE"         envDefault:"6h"`
	Backoff         time.Duration `env:"JOB_BACKOFF"         envDefault:"4s"`
	BackoffCap      time.Duration `env:"JOB_BACKOFF_CAP"     envDefault:"10m"`
	RequeueAfter    time.Duration `env:"JOB_REQUEUE_AFTER"   envDefault:"2m"`
	DrainTimeout    time.Duration `env:"DRAIN_TIMEOUT"       envDefault:"30s"`
	DrainDelay      time.Duration `env:"DRAIN_DELAY"         envDefault:"0s"`
	CacheLease      time.Duration `env:"CACHE_LEASE"         envDefault:"30s"`
	OrphanGrace     time.Duration `env:"ORPHAN_GRACE"        envDefault:"24h"`
	OrphanInterval  time.Duration `env:"ORPHAN_INTERVAL"     envDefault:"1h"`

	FetchAllowPrivate bool          `env:"FETCH_ALLOW_PRIVATE"`
	FetchHostLimit    int           `env:"FETCH_HOST_LIMIT"     envDefault:"4"`
	FetchTimeout      time.Duration `env:"FETCH_TIMEOUT"        envDefault:"30s"`
	TestURLs          bool          `env:"TEST_URLS"`
	ImageMaxBytes     int64         `env:"IMAGE_MAX_BYTES"      envDefault:"25000000"`
	ImageMaxPixels    int64         `env:"IMAGE_MAX_PIXELS"     envDefault:"100000000"`
	ImagePixelBudget  int64         `env:"IMAGE_PIXEL_BUDGET"   envDefault:"120000000"`
	ImageMaxFrames    int           `env:"IMAGE_MAX_FRAMES"     envDefault:"500"`
	ImageAVIF         bool          `env:"IMAGE_AVIF"`
	ImageEngine       string        `env:"IMAGE_ENGINE"         envDefault:"auto"`
	ImageIsolation    string        `env:"IMAGE_ISOLATION"      envDefault:"process"`
	RenderTimeout     time.Duration `env:"IMAGE_RENDER_TIMEOUT" envDefault:"1m"`
	LibvipsPath       string        `env:"LIBVIPS_PATH"`

	LogLevel  slog.Level `env:"LOG_LEVEL"  envDefault:"info"`
	LogFormat string     `env:"LOG_FORMAT"`

	TracesExporter string `env:"OTEL_TRACES_EXPORTER"` // "": otlp where there is an endpoint
	OTLPEndpoint   string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	OTLPProtocol   string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
	TracesProtocol string `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"` // "": OTLPProtocol
	TracesSampler  string `env:"OTEL_TRACES_SAMPLER"`
	SamplerArg     string `env:"OTEL_TRACES_SAMPLER_ARG"`
	ServiceName    string `env:"OTEL_SERVICE_NAME"`
	ResourceAttrs  string `env:"OTEL_RESOURCE_ATTRIBUTES"`
	OTELDisabled   bool   `env:"OTEL_SDK_DISABLED"`
	TraceURL       string `env:"TRACE_URL"` // where the console leads for a trace: {trace_id} stands for its id

	redisTLS, queueTLS *tls.Config

	notices []notice
	origins map[string]string // of variables that were given
}

// Load reads .env where there is one, then the environment, which wins.
// Its error names every variable at fault.
func Load() (Config, error) {
	if err := loadDotEnv(); err != nil {
		return Config{}, err
	}
	return Parse(env.ToMap(os.Environ()))
}

// loadDotEnv drops the parser's message, which quotes the file and so its
// secrets.
func loadDotEnv() error {
	err := godotenv.Load()
	if _, unreadable := errors.AsType[*fs.PathError](err); err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if unreadable {
		return fmt.Errorf("read .env: %w", err)
	}
	return fmt.Errorf("read .env: %w", errDotEnv)
}

var errDotEnv = errors.New("it has a line that is not NAME=value (quote values that have spaces, quotes or #)")

// LoadFile reads a file in the form of .env, and nothing of the environment: the
// settings of another installation. Its error names every variable at fault.
func LoadFile(path string) (Config, error) {
	variables, err := godotenv.Read(path)
	switch at, unreadable := errors.AsType[*fs.PathError](err); {
	case unreadable:
		return Config{}, fmt.Errorf("read the file of settings: %w", at)
	case err != nil:
		return Config{}, fmt.Errorf("%s: %w", path, errDotEnv)
	}
	return Parse(variables)
}

// Parse reads the variables given. Those of the process are not read: see Load.
func Parse(variables map[string]string) (Config, error) {
	given := newEnvironment(variables)
	given.dropLinks()
	given.reportUnknown()
	given.readFiles()
	given.readURLs()
	given.readPort()
	given.checkHosts()
	given.checkReplaced()

	cfg, err := env.ParseAsWithOptions[Config](env.Options{Environment: given.values})
	cfg.fillIn(runtime.NumCPU())
	unreadable := parseProblems(err)
	rules := slices.DeleteFunc(slices.Concat(cfg.problems(), cfg.tracingProblems(), cfg.loadAuthorities()), func(problem string) bool {
		return slices.ContainsFunc(unreadable, func(other string) bool { return variableOf(problem) == variableOf(other) })
	})
	problems := slices.Concat(given.problems, unreadable, rules)
	given.nameOrigins(problems)
	if cfg.Auth == "off" && !cfg.onLoopback() {
		given.warn("AUTH=off on an address that others can reach: whoever does may read and change everything", "address", cfg.HTTPAddr.String())
	}
	cfg.warnOfTests(given)
	cfg.notices, cfg.origins = given.notices, given.origins()
	if len(problems) > 0 {
		number := "a problem"
		if len(problems) > 1 {
			number = strconv.Itoa(len(problems)) + " problems"
		}
		return Config{}, fmt.Errorf("the configuration has %s:\n  %s", number, strings.Join(problems, "\n  "))
	}
	return cfg, nil
}

// fillIn sets the defaults that depend on other variables.
func (c *Config) fillIn(cores int) {
	if c.WorkerRenders == 0 {
		c.WorkerRenders = min(cores, mostRenders)
	}
	for i, origin := range c.Origins {
		c.Origins[i] = strings.TrimSpace(origin)
	}
	if c.DBSSLMode == "" {
		c.DBSSLMode = "prefer"
		if c.DBRootCert != "" {
			c.DBSSLMode = "verify-full"
		}
	}
	c.RedisTLS = c.RedisTLS || c.RedisCAFile != ""
	c.QueueTLS = c.QueueTLS || c.QueueCAFile != ""
	if c.QueuePort == 0 {
		c.QueuePort = 5672
		if c.QueueTLS {
			c.QueuePort = 5671
		}
	}
	c.S3Region = cmp.Or(c.S3Region, c.S3DefaultRegion, "us-east-1")
	c.S3Endpoint = cmp.Or(c.S3Endpoint, c.S3AnyEndpoint)
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
				problems = append(problems, fmt.Sprintf("%s %s", field.Tag.Get("env"), wanted(field.Type, p.Err)))
				continue
			}
		}
		problems = append(problems, e.Error())
	}
	return problems
}

// wanted says what a variable of that type must be.
func wanted(t reflect.Type, err error) string {
	switch {
	case t == reflect.TypeFor[slog.Level]():
		return "must be debug, info, warn or error"
	case t == reflect.TypeFor[time.Duration]():
		return "must be a valid duration such as 30s"
	case t.Kind() == reflect.Slice:
		return "must be networks such as 10.0.0.0/8,fd00::/8"
	case t.Kind() == reflect.Struct: // an address
		return err.Error()
	case t.Kind() == reflect.Bool:
		return "must be a valid boolean (true or false)"
	case t.Kind() == reflect.Uint16:
		return "must be a valid port number (1 to 65535)"
	default:
		return "must be a valid integer"
	}
}
