package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/ratelimit"
	"vitrine.dev/internal/webhook"
)

const (
	mostRenders  = 256       // at once in one worker
	mostRequests = 1_000_000 // a minute
)

// problems checks what the types cannot.
func (c Config) problems() []string {
	var list []string
	check := func(ok bool, problem string) {
		if !ok {
			list = append(list, problem)
		}
	}
	oneOf := func(name, value string, allowed ...string) {
		named := strings.TrimPrefix(strings.Join(allowed, ", "), ", ")
		check(slices.Contains(allowed, value), fmt.Sprintf("%s must be one of %s", name, named))
	}
	check(c.DataDir != "", "DATA_DIR must not be empty")
	check(c.PublicBaseURL == "" || IsHTTPURL(c.PublicBaseURL), "PUBLIC_BASE_URL must be an http or https URL without user name, password, query, fragment and blanks")
	check(c.S3Endpoint == "" || IsHTTPURL(c.S3Endpoint),
		"AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) must be an http or https URL without user name, password, query, fragment and blanks")
	for _, host := range [][2]string{{"DB_HOST", c.DBHost}, {"REDIS_HOST", c.RedisHost}, {"QUEUE_HOST", c.QueueHost}} {
		check(!strings.ContainsAny(host[1], "@?#,") && !strings.Contains(host[1], "//"), host[0]+" must be one host name or address, not a URL")
	}
	check(!strings.ContainsAny(c.S3Bucket, "@?#") && !strings.Contains(c.S3Bucket, "//"), "AWS_S3_BUCKET must be the name of a bucket, not a URL")
	check((c.S3AccessKeyID == "") == (c.S3SecretAccessKey == ""),
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together")
	check(c.DBPort > 0, "DB_PORT must be from 1 to 65535")
	check(c.RedisPort > 0, "REDIS_PORT must be from 1 to 65535")
	check(c.DBMaxConns >= 2 && c.DBMaxConns <= 1000, "DB_MAX_CONNS must be from 2 to 1000")
	check(c.RedisDB >= 0, "REDIS_DB must not be negative")
	check(c.DBRootCert == "" || c.DBSSLMode == "require" || strings.HasPrefix(c.DBSSLMode, "verify-"),
		"DB_SSLROOTCERT needs DB_SSLMODE verify-full, verify-ca or require: the others do not check the server's certificate")
	list = append(list, paramProblems("DB_PARAMS", c.DBParams)...)
	oneOf("QUEUE_DRIVER", c.QueueDriver, "rabbitmq")
	oneOf("DB_POOL_MODE", c.DBPoolMode, "session", "transaction")
	check(c.RedisDB == 0 || !c.RedisCluster, "REDIS_DB must be 0 with REDIS_CLUSTER: a cluster has one database")
	check(redis.ValidPrefix(c.RedisPrefix), "REDIS_PREFIX must have no brace, or one pair with something in it, such as {shop}:")
	oneOf("DB_SSLMODE", c.DBSSLMode, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
	oneOf("AUTH", c.Auth, "", "on", "off")
	for _, host := range c.AllowedHosts {
		check(strings.TrimSpace(host) != "" && !strings.ContainsAny(host, "/:@?#"), "ALLOWED_HOSTS must be host names separated by commas, without port")
	}
	for _, origin := range c.Origins {
		check(origin == "*" || isOrigin(origin), "CORS_ALLOWED_ORIGINS must be * or origins as browsers write them, separated by commas, such as https://shop.example")
		check(origin != "*" || c.AuthOn(), "CORS_ALLOWED_ORIGINS must not be * with AUTH=off: every page that is open on this machine could read and change everything")
	}
	for name, limit := range map[string]int64{"RATE_LIMIT_PER_KEY": c.RateLimitPerKey, "RATE_LIMIT_PER_ADDRESS": c.RateLimitPerAddress} {
		check(limit == 0 || limit >= ratelimit.LeastQuota && limit <= mostRequests, name+" must be from 10 to 1000000 requests a minute, or 0 for no limit")
	}
	oneOf("IMAGE_ENGINE", c.ImageEngine, "auto", "vips", "go")
	oneOf("IMAGE_ISOLATION", c.ImageIsolation, "process", "none")
	oneOf("LOG_FORMAT", c.LogFormat, "", "json", "text")
	check(c.WorkerDownloads >= 1 && c.WorkerDownloads <= 1000, "WORKER_DOWNLOADS must be from 1 to 1000")
	check(c.WorkerRenders >= 1 && c.WorkerRenders <= mostRenders, "WORKER_RENDERS must be from 1 to 256")
	check(c.MaxAttempts >= 1 && c.MaxAttempts <= 100, "JOB_MAX_ATTEMPTS must be from 1 to 100")
	check(c.MaxCrashes >= 1 && c.MaxCrashes <= 100, "JOB_MAX_CRASHES must be from 1 to 100")
	check(c.MaxAge >= time.Second, "JOB_MAX_AGE must be at least 1s")
	check(c.Backoff >= time.Millisecond && c.Backoff <= c.BackoffCap, "JOB_BACKOFF must be from 1ms to JOB_BACKOFF_CAP")
	check(c.BackoffCap <= 24*time.Hour, "JOB_BACKOFF_CAP must be at most 24h")
	check(c.FetchHostLimit >= 1 && c.FetchHostLimit <= 1000, "FETCH_HOST_LIMIT must be from 1 to 1000")
	check(c.QueueDepth >= 1 && c.QueueDepth <= 100_000, "QUEUE_DEPTH must be from 1 to 100000")
	check(c.JobLease >= time.Second, "JOB_LEASE must be at least 1s")
	check(c.RequeueAfter >= time.Second, "JOB_REQUEUE_AFTER must be at least 1s")
	check(c.DrainTimeout > 0, "DRAIN_TIMEOUT must be positive")
	check(c.DrainDelay >= 0, "DRAIN_DELAY must not be negative")
	check(c.CacheLease >= time.Second && c.CacheLease <= 5*time.Minute, "CACHE_LEASE must be from 1s to 5m")
	check(c.IdempotencyTTL >= time.Minute && c.IdempotencyTTL <= 30*24*time.Hour, "IDEMPOTENCY_TTL must be from 1m to 720h")
	check(c.SecretKey == "" || len(c.SecretKey) >= webhook.MinKeyBytes, fmt.Sprintf("SECRET_KEY must have at least %d bytes, as from openssl rand -base64 32", webhook.MinKeyBytes))
	check(c.EventRetention >= 15*time.Minute, "EVENT_RETENTION must be at least 15m")
	check(c.EventMaxCount >= 1000, "EVENT_MAX_COUNT must be at least 1000")
	check(c.OrphanGrace >= 0, "ORPHAN_GRACE must not be negative")
	check(c.OrphanInterval >= time.Millisecond, "ORPHAN_INTERVAL must be positive")
	check(c.FetchTimeout > 0, "FETCH_TIMEOUT must be positive")
	check(c.ImageMaxBytes > 0 && c.ImageMaxBytes < 1<<40, "IMAGE_MAX_BYTES must be positive and below 1 TiB")
	check(c.ImageMaxPixels > 0, "IMAGE_MAX_PIXELS must be positive")
	check(c.ImagePixelBudget > 0, "IMAGE_PIXEL_BUDGET must be positive")
	check(c.RenderTimeout >= time.Second, "IMAGE_RENDER_TIMEOUT must be at least 1s")
	check(c.ImageMaxFrames > 0, "IMAGE_MAX_FRAMES must be positive")
	return list
}

// warnOfTests tells of a setting that is for tests.
func (c Config) warnOfTests(given *environment) {
	if c.TestURLs {
		given.warn("image URLs of the host vitrine.test are answered by this program, for tests of what is built on the API", "variable", "TEST_URLS")
	}
}

// IsHTTPURL reports whether s is a URL that paths can be appended to.
func IsHTTPURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		!strings.ContainsAny(s, "?#") && !strings.ContainsFunc(s, unicode.IsSpace)
}

// isOrigin reports whether s is an origin as browsers send it: scheme and host in lower
// case, the port unless it is the scheme's own, and no more (RFC 6454 section 6.2).
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && IsHTTPURL(s) && s == u.Scheme+"://"+u.Host && s == strings.ToLower(s) && !strings.Contains(s, "*") &&
		!(u.Scheme == "http" && u.Port() == "80") && !(u.Scheme == "https" && u.Port() == "443") && !strings.HasSuffix(s, ":")
}
