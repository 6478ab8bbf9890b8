package app

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestZeroEnvironmentIsEmbedded(t *testing.T) {
	t.Parallel()
	cfg, err := parseConfig(map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.DBHost+cfg.RedisHost+cfg.QueueHost+cfg.S3Bucket != "" {
		t.Errorf("a part is on a server: %+v", cfg)
	}
	if off, err := parseConfig(map[string]string{"ADMIN_ADDR": "off"}); err != nil || off.AdminAddr != adminOff {
		t.Errorf("ADMIN_ADDR=off is %q, %v", off.AdminAddr, err)
	}
	if cfg.HTTPAddr != "127.0.0.1:8080" || cfg.AdminAddr != "127.0.0.1:9090" || cfg.DataDir != "./data" || cfg.FetchAllowPrivate || cfg.WorkerConcurrency < 1 {
		t.Errorf("defaults are off: %+v", cfg)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"DB_PORT": "postgres", "REDIS_PORT": "70000", "QUEUE_PORT": "-1", "QUEUE_DRIVER": "carrier-pigeon",
		"AWS_SECRET_ACCESS_KEY": "hunter2hunter2", "AWS_ENDPOINT_URL_S3": "s3.example.com",
		"HTTP_ADDR": "8080", "ADMIN_ADDR": "9090", "PUBLIC_BASE_URL": "ftp://x", "WORKER_CONCURRENCY": "many",
		"FETCH_ALLOW_PRIVATE": "perhaps", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "JOB_LEASE": "soon", "DRAIN_DELAY": "-1s",
		"IMAGE_ENGINE": "gd", "DB_SSLMODE": "maybe", "CACHE_LEASE": "1ms", "IDEMPOTENCY_TTL": "1s", "IMAGE_MAX_BYTES": "0",
	}
	_, err := parseConfig(bad)
	if err == nil {
		t.Fatal("a broken configuration was accepted")
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is in the text:\n%v", err)
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
		if got := (Config{HTTPAddr: addr}).localURL(); got != want {
			t.Errorf("localURL of %s = %s, want %s", addr, got, want)
		}
	}
}

func TestDataDirIsSharedOnlyByEquals(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	first, err := openDataDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openDataDir(path, false)
	if err != nil {
		t.Fatalf("two roles may share: %v", err)
	}
	if _, err := openDataDir(path, true); err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("a directory in use was given to one alone: %v", err)
	}
	for _, d := range []*dataDir{first, second} {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	alone, err := openDataDir(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataDir(path, false); err == nil {
		t.Error("a directory held alone was shared")
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDotEnvIsNotQuoted: what is wrong with the file is said without its text.
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
			_, err := parseConfig(map[string]string{name: value})
			if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}
