package config

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestZeroEnvironmentIsEmbedded(t *testing.T) {
	t.Parallel()
	cfg, err := Parse(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.DBHost+cfg.RedisHost+cfg.QueueHost+cfg.S3Bucket != "" {
		t.Errorf("a part is on a server: %+v", cfg)
	}
	if off, err := Parse(map[string]string{"ADMIN_ADDR": "off"}); err != nil || !off.AdminAddr.Off {
		t.Errorf("ADMIN_ADDR=off is %v, %v", off.AdminAddr, err)
	}
	if cfg.HTTPAddr.String() != "127.0.0.1:8080" || cfg.AdminAddr.String() != "127.0.0.1:9090" || cfg.DataDir != "./data" || cfg.FetchAllowPrivate || cfg.WorkerDownloads != 64 || cfg.WorkerRenders < 1 || cfg.FetchHostLimit != 4 {
		t.Errorf("defaults are off: %+v", cfg)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"DB_PORT": "postgres", "REDIS_PORT": "70000", "QUEUE_PORT": "-1", "QUEUE_DRIVER": "carrier-pigeon",
		"AWS_SECRET_ACCESS_KEY": "hunter2hunter2", "AWS_ENDPOINT_URL_S3": "s3.example.com",
		"HTTP_ADDR": "8080", "ADMIN_ADDR": "9090", "PUBLIC_BASE_URL": "ftp://x", "WORKER_CONCURRENCY": "8", "WORKER_DOWNLOADS": "many", "WORKER_RENDERS": "-1",
		"FETCH_ALLOW_PRIVATE": "perhaps", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "JOB_LEASE": "soon", "DRAIN_DELAY": "-1s",
		"IMAGE_ENGINE": "gd", "DB_SSLMODE": "maybe", "CACHE_LEASE": "1ms", "IDEMPOTENCY_TTL": "1s", "IMAGE_MAX_BYTES": "0",
		"EVENT_RETENTION": "10m", "EVENT_MAX_COUNT": "999", "AUTH": "maybe", "ALLOWED_HOSTS": "https://x", "CORS_ALLOWED_ORIGINS": "https://shop.example/", "TRUSTED_PROXIES": "10.0.0.0/99",
		"RATE_LIMIT_PER_KEY": "9", "RATE_LIMIT_PER_ADDRESS": "1000001", "SECRET_KEY": "hunter2 is 31 bytes, one too fe", "WEBHOOK_ALLOW_PRIVATE": "perhaps",
	}
	_, err := Parse(bad)
	if err == nil {
		t.Fatal("a broken configuration was accepted")
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	for _, name := range []string{"DB_PORT must", "JOB_LEASE", "HTTP_ADDR", "LOG_LEVEL"} {
		if n := strings.Count(err.Error(), name); n != 1 {
			t.Errorf("%s is named %d times in:\n%v", name, n, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is in the text:\n%v", err)
	}
}

func TestOneProblem(t *testing.T) {
	t.Parallel()
	if _, err := Parse(map[string]string{"LOG_LEVEL": "loud"}); err == nil || !strings.HasPrefix(err.Error(), "the configuration has a problem:\n  LOG_LEVEL") {
		t.Errorf("error is %v", err)
	}
}

// TestManyCores: the default is one that is accepted.
func TestManyCores(t *testing.T) {
	t.Parallel()
	var c Config
	c.fillIn(1000)
	for _, problem := range c.problems() {
		if strings.Contains(problem, "WORKER_RENDERS") {
			t.Errorf("with 1000 cores: %s", problem)
		}
	}
}

func TestLocalURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		":9000":          "http://localhost:9000",
		"0.0.0.0:80":     "http://localhost:80",
		"[::]:80":        "http://localhost:80",
		"[::1]:80":       "http://[::1]:80",
	} {
		cfg, err := Parse(map[string]string{"HTTP_ADDR": addr})
		if got := cfg.LocalURL(); err != nil || got != want {
			t.Errorf("LocalURL of %s = %s, %v, want %s", addr, got, err, want)
		}
	}
}

// TestDotEnvIsNotQuoted: the error about the file does not quote it.
func TestDotEnvIsNotQuoted(t *testing.T) {
	for name, text := range map[string]string{
		"a line that is none": "DB_PASSWORD hunter2\n",
		"an open quote":       "DB_PASSWORD=\"hunter2\n",
		"a name that is none": "DB-PASSWORD=hunter2\nx y=hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile(".env", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := loadDotEnv()
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), ".env") {
				t.Errorf("error = %v", err)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := loadDotEnv(); err != nil {
			t.Error(err)
		}
	})
}

// TestBaseURLs: keys are appended to these URLs, so nothing may follow the path.
func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for value, fine := range map[string]bool{
		"https://cdn.example": true, "https://cdn.example/": true, "http://cdn.example:8080/a/b/": true, "https://[::1]/x": true,
		"https://cdn.example/?v=1": false, "https://cdn.example/?": false, "https://cdn.example/#": false,
		"https://cdn.example/a#b": false, "https://cdn.example/a b": false, "https://cdn.example/a\u00a0b": false,
		" https://cdn.example": false, "https://cdn.example ": false, "https://:80/": false, "https:cdn.example": false, "//cdn.example": false,
	} {
		for _, name := range []string{"PUBLIC_BASE_URL", "AWS_ENDPOINT_URL_S3"} {
			_, err := Parse(map[string]string{name: value})
			if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}

func TestProfilesAreForLoopback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variables map[string]string
		served    bool
	}{
		{nil, true},
		{map[string]string{"ADMIN_ADDR": "[::1]:9090"}, true},
		{map[string]string{"ADMIN_ADDR": ":9090"}, false},
		{map[string]string{"ADMIN_ADDR": "192.0.2.1:9090", "ADMIN_PPROF": "false"}, false},
		{map[string]string{"ADMIN_ADDR": "192.0.2.1:9090", "ADMIN_PPROF": "true"}, true},
	} {
		if cfg, err := Parse(c.variables); err != nil || cfg.AdminProfiles() != c.served {
			t.Errorf("%v: profiles are served: %t, %v", c.variables, cfg.AdminProfiles(), err)
		}
	}
	if _, err := Parse(map[string]string{"ADMIN_PPROF": "perhaps"}); err == nil || !strings.Contains(err.Error(), "ADMIN_PPROF") {
		t.Errorf("ADMIN_PPROF=perhaps: %v", err)
	}
}

func TestAuthIsOnWhereOthersReachIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variables map[string]string
		on        bool
	}{
		{nil, false},
		{map[string]string{"HTTP_ADDR": "localhost:1"}, false},
		{map[string]string{"HTTP_ADDR": "[::1]:1"}, false},
		{map[string]string{"HTTP_ADDR": "127.9.9.9:1", "ADMIN_ADDR": "off"}, false},
		{map[string]string{"HTTP_ADDR": ":1"}, true},
		{map[string]string{"HTTP_ADDR": "0.0.0.0:1"}, true},
		{map[string]string{"HTTP_ADDR": "[::]:1"}, true},
		{map[string]string{"HTTP_ADDR": "192.0.2.1:1"}, true},
		{map[string]string{"HTTP_ADDR": "shop.example:1"}, true},
		{map[string]string{"PORT": "8080"}, true},
		{map[string]string{"ADMIN_ADDR": "0.0.0.0:9090"}, true},
		{map[string]string{"AUTH": "on"}, true},
		{map[string]string{"AUTH": "off", "HTTP_ADDR": ":1"}, false},
		{map[string]string{"AUTH": "on", "TEST_URLS": "true"}, true},
	} {
		cfg, err := Parse(c.variables)
		if err != nil || cfg.AuthOn() != c.on {
			t.Errorf("%v: authentication is on: %t, %v", c.variables, cfg.AuthOn(), err)
		}
		if warned := len(cfg.notices) > 0; warned != (c.variables["AUTH"] == "off" || c.variables["TEST_URLS"] != "") {
			t.Errorf("%v: notices %v", c.variables, cfg.notices)
		}
	}
	cfg, err := Parse(map[string]string{"ALLOWED_HOSTS": "A.example., b.example", "PUBLIC_BASE_URL": "https://CDN.example:8443/x", "TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8"})
	if err != nil || !slices.Equal(cfg.OwnHosts(), []string{"a.example", "b.example", "cdn.example"}) || len(cfg.TrustedProxies) != 2 {
		t.Errorf("hosts %v, proxies %v, %v", cfg.OwnHosts(), cfg.TrustedProxies, err)
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"https://shop.example": true, "http://localhost:5173, https://xn--bcher-kva.example:8443": true, "http://[::1]:3000": true,
		"https://Shop.example": false, "https://shop.example/": false, "https://shop.example:443": false, "http://shop.example:80": false,
		"https://*.shop.example": false, "shop.example": false, "null": false, "https://": false, "https://u@shop.example": false,
		"https://shop.example:": false, "https://shop.example,": false, "ftp://shop.example": false,
	} {
		for _, authentication := range []string{"on", "off"} {
			cfg, err := Parse(map[string]string{"CORS_ALLOWED_ORIGINS": text, "AUTH": authentication})
			if (err == nil) != ok {
				t.Errorf("%s: %v", text, err)
			}
			if ok && slices.ContainsFunc(cfg.Origins, func(origin string) bool { return strings.Contains(origin, " ") }) {
				t.Errorf("origins are %q", cfg.Origins)
			}
		}
	}
	if _, err := Parse(map[string]string{"CORS_ALLOWED_ORIGINS": "*", "AUTH": "on"}); err != nil {
		t.Errorf("every origin, with keys: %v", err)
	}
	if _, err := Parse(map[string]string{"CORS_ALLOWED_ORIGINS": "*", "AUTH": "off"}); err == nil {
		t.Error("every origin may do everything")
	}
}
