package burst_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/testserver"
)

// system is one API and two workers on servers of their own.
type system struct {
	t        *testing.T
	bin      string
	env      []string
	api      string // base URL
	database *testserver.Server
}

func newSystem(t *testing.T) *system {
	t.Helper()
	sys := &system{t: t, bin: filepath.Join(t.TempDir(), "vitrine"), database: testserver.OwnPostgres(t)}
	broker, cache := testserver.OwnRabbitMQ(t), testserver.OwnRedis(t)
	_, bucket := testserver.OwnS3(t)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", sys.bin, "vitrine.dev/cmd/vitrine")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	addr := freeAddress(t)
	sys.api = "http://" + addr
	sys.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LIBVIPS_PATH=" + os.Getenv("LIBVIPS_PATH"),
		"DB_USER=vitrine", "DB_PASSWORD=vitrine", "DB_NAME=postgres", "DB_SSLMODE=disable",
		"QUEUE_USER=vitrine", "QUEUE_PASSWORD=vitrine", "HTTP_ADDR=" + addr, "ADMIN_ADDR=off",
		"AWS_S3_BUCKET=" + bucket.Bucket, "AWS_REGION=" + bucket.Region, "AWS_ENDPOINT_URL_S3=" + bucket.Endpoint,
		"AWS_ACCESS_KEY_ID=" + bucket.AccessKey, "AWS_SECRET_ACCESS_KEY=" + bucket.SecretKey,
		"LOG_LEVEL=warn", "FETCH_ALLOW_PRIVATE=true", "FETCH_TIMEOUT=5s",
		"JOB_MAX_AGE=1m", "JOB_BACKOFF=500ms", "JOB_BACKOFF_CAP=10s",
	}
	for prefix, server := range map[string]*testserver.Server{"DB": sys.database, "QUEUE": broker, "REDIS": cache} {
		host, port, err := net.SplitHostPort(server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		sys.env = append(sys.env, prefix+"_HOST="+host, prefix+"_PORT="+port)
	}
	migrate := exec.CommandContext(t.Context(), sys.bin, "migrate")
	migrate.Dir, migrate.Env = t.TempDir(), sys.env
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	for _, role := range []string{"api", "worker", "worker"} {
		sys.start(role)
	}
	sys.await(time.Minute, "the API is ready", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sys.api+"/readyz", http.NoBody)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return sys
}

func (sys *system) start(role string) {
	sys.t.Helper()
	cmd := exec.Command(sys.bin, role) //nolint:noctx // stopped by the clean-up
	cmd.Dir, cmd.Env = sys.t.TempDir(), sys.env
	if err := cmd.Start(); err != nil {
		sys.t.Fatal(err)
	}
	sys.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
}

// create makes a product with the images.
func (sys *system) create(ctx context.Context, urls []string) error {
	body, err := json.Marshal(map[string]any{
		"user_id": 1, "product_name": "Burst", "product_description": "One of many", "product_price": "1.00", "product_images": urls,
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sys.api+"/products", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("create answered %s", resp.Status)
	}
	return nil
}

// query asks the database itself.
func (sys *system) query(do func(context.Context, *pgx.Conn) error) {
	sys.t.Helper()
	ctx, cancel := context.WithTimeout(sys.t.Context(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(ctx, sys.database.URL())
	if err != nil {
		sys.t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	if err := do(ctx, db); err != nil {
		sys.t.Fatalf("ask the database: %v", err)
	}
}

func (sys *system) await(limit time.Duration, what string, done func() bool) {
	sys.t.Helper()
	ctx, cancel := context.WithTimeout(sys.t.Context(), limit)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			sys.t.Fatalf("waited %s in vain until %s", limit, what)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
