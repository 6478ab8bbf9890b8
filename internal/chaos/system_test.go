package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/testserver"
)

// The servers, as the faults name them.
const (
	database = "database"
	cache    = "cache"
	broker   = "broker"
	storage  = "storage"
)

func parts() []string { return []string{database, cache, broker, storage} }

// system is everything that runs: four servers, four processes, and a link of
// the test's own between any two that speak to each other.
type system struct {
	t       *testing.T
	env     map[string]string // of a process, but for its links
	bin     string
	servers map[string]*testserver.Server
	links   map[string]map[string]*testserver.TCPProxy // by process and part
	fronts  map[string]*testserver.TCPProxy            // between clients and an API
	apis    []*process
	workers []*process
	bucket  testserver.S3Bucket
	objects *s3.Client
	seen    *observations
}

func newSystem(t *testing.T, s settings) *system {
	t.Helper()
	sys := &system{
		t: t, bin: build(t, s.defect), servers: map[string]*testserver.Server{},
		links: map[string]map[string]*testserver.TCPProxy{}, fronts: map[string]*testserver.TCPProxy{},
		seen: &observations{levels: map[string]int{}},
	}
	sys.servers[database], sys.servers[cache] = testserver.OwnPostgres(t), testserver.OwnRedis(t)
	sys.servers[broker] = testserver.OwnRabbitMQ(t)
	sys.servers[storage], sys.bucket = testserver.OwnS3(t)
	sys.objects = s3.New(s3.Options{
		BaseEndpoint: aws.String(sys.bucket.Endpoint), Region: sys.bucket.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(sys.bucket.AccessKey, sys.bucket.SecretKey, ""),
	})
	sys.env = map[string]string{
		"DB_USER": "vitrine", "DB_PASSWORD": "vitrine", "DB_NAME": "postgres", "DB_SSLMODE": "disable",
		"QUEUE_USER": "vitrine", "QUEUE_PASSWORD": "vitrine", "ADMIN_ADDR": "off",
		"AWS_S3_BUCKET": sys.bucket.Bucket, "AWS_REGION": sys.bucket.Region,
		"AWS_ACCESS_KEY_ID": sys.bucket.AccessKey, "AWS_SECRET_ACCESS_KEY": sys.bucket.SecretKey,
		"PUBLIC_BASE_URL": "http://pictures.example",
		"JOB_LEASE":       jobLease.String(), "JOB_REQUEUE_AFTER": requeueAfter.String(), "CACHE_LEASE": cacheLease.String(),
		// Deaths of workers are this test's doing, not the pictures'.
		"JOB_MAX_ATTEMPTS": "50", "JOB_MAX_CRASHES": "50", "JOB_BACKOFF": "500ms", "JOB_BACKOFF_CAP": "5s",
		"DRAIN_TIMEOUT": "5s", "WORKER_CONCURRENCY": "6",
	}
	sys.migrate()
	sys.secondUser()
	sys.audit()
	for _, name := range []string{"api1", "api2"} {
		addr := freeAddress(t)
		sys.fronts[name] = testserver.Proxy(t, addr)
		p := sys.process(s, name, "api", map[string]string{"HTTP_ADDR": addr})
		sys.apis = append(sys.apis, p)
	}
	for _, name := range []string{"worker1", "worker2"} {
		sys.workers = append(sys.workers, sys.process(s, name, "worker", nil))
	}
	for _, p := range sys.processes() {
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range sys.apis {
		sys.awaitReady(p)
	}
	return sys
}

func (sys *system) processes() []*process {
	return append(append([]*process{}, sys.apis...), sys.workers...)
}

// process prepares one with links of its own to every server.
func (sys *system) process(s settings, name, role string, extra map[string]string) *process {
	sys.t.Helper()
	env := maps.Clone(sys.env)
	maps.Copy(env, extra)
	sys.links[name] = map[string]*testserver.TCPProxy{}
	for _, part := range parts() {
		link := testserver.Proxy(sys.t, sys.servers[part].Addr())
		sys.links[name][part] = link
		maps.Copy(env, address(part, link.Addr()))
	}
	return newProcess(sys.t, sys.bin, name, role, s.folder, env, sys.seen)
}

// address is how a process is told where a part is.
func address(part, addr string) map[string]string {
	host, port, _ := net.SplitHostPort(addr)
	switch part {
	case database:
		return map[string]string{"DB_HOST": host, "DB_PORT": port}
	case cache:
		return map[string]string{"REDIS_HOST": host, "REDIS_PORT": port}
	case broker:
		return map[string]string{"QUEUE_HOST": host, "QUEUE_PORT": port}
	default:
		return map[string]string{"AWS_ENDPOINT_URL_S3": "http://" + addr}
	}
}

// direct is the environment of a process that no fault reaches.
func (sys *system) direct() []string {
	env := maps.Clone(sys.env)
	for _, part := range parts() {
		maps.Copy(env, address(part, sys.servers[part].Addr()))
	}
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list
}

// command runs the program to its end, past all faults.
func (sys *system) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, sys.bin, args...)
	cmd.Dir, cmd.Env = sys.t.TempDir(), sys.direct()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (sys *system) migrate() {
	sys.t.Helper()
	if out, err := sys.command(sys.t.Context(), "migrate"); err != nil {
		sys.t.Fatalf("migrate: %v\n%s", err, out)
	}
}

// secondUser makes one beside the first, whose lists are read.
func (sys *system) secondUser() {
	sys.t.Helper()
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		_, err := db.Exec(ctx, `INSERT INTO users (id, name, created_at) VALUES (2, 'Second', 0)`)
		return err
	})
}

// audit makes the database itself note what is not to be asked of those who
// did it: in which transaction images and their jobs were written, every
// publication, and every job that was queued again because it was lost.
func (sys *system) audit() {
	sys.t.Helper()
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		_, err := db.Exec(ctx, fmt.Sprintf(`
			CREATE TABLE chaos_audit (what TEXT, image_id BIGINT, transaction BIGINT, generation BIGINT, rendition_key TEXT);
			CREATE FUNCTION chaos_image() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES (TG_ARGV[0], NEW.id, txid_current(), NEW.generation, NEW.rendition_key);
				RETURN NULL;
			END $$;
			CREATE FUNCTION chaos_job() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('job', NEW.image_id, txid_current());
				RETURN NULL;
			END $$;
			CREATE TRIGGER chaos_born AFTER INSERT ON images FOR EACH ROW EXECUTE FUNCTION chaos_image('born');
			CREATE TRIGGER chaos_job AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.image_id IS NOT NULL) EXECUTE FUNCTION chaos_job();
			CREATE TRIGGER chaos_published AFTER UPDATE OF rendition_key ON images FOR EACH ROW
				WHEN (NEW.status = 'ready') EXECUTE FUNCTION chaos_image('published');
			CREATE TRIGGER chaos_requeued AFTER UPDATE OF queued_at ON images FOR EACH ROW
				WHEN (OLD.status = 'pending' AND NEW.status = 'pending' AND OLD.retry_at = NEW.retry_at
					AND OLD.queued_at < NEW.queued_at - %d
					-- A job that is put off for its host is queued for later.
					AND NEW.queued_at <= (extract(epoch FROM statement_timestamp()) * 1000)::BIGINT)
				EXECUTE FUNCTION chaos_image('requeued')`, requeueAfter.Milliseconds()))
		return err
	})
}

// query speaks to the database past all faults.
func (sys *system) query(do func(context.Context, *pgx.Conn) error) {
	sys.t.Helper()
	ctx, cancel := context.WithTimeout(sys.t.Context(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(ctx, sys.servers[database].URL())
	if err != nil {
		sys.t.Fatalf("connect to the database: %v", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	if err := do(ctx, db); err != nil {
		sys.t.Fatalf("ask the database: %v", err)
	}
}

// url is where clients reach an API.
func (sys *system) url(p *process) string { return "http://" + sys.fronts[p.name].Addr() }

// awaitReady waits until an API says that it can answer.
func (sys *system) awaitReady(p *process) {
	sys.t.Helper()
	ctx, cancel := context.WithTimeout(sys.t.Context(), time.Minute)
	defer cancel()
	for {
		if status, _ := get(ctx, sys.url(p)+"/readyz"); status == http.StatusOK {
			return
		}
		select {
		case <-ctx.Done():
			sys.t.Fatalf("%s did not become ready", p.name)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, target string) (int, http.Header) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return 0, nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	_ = resp.Body.Close()
	return resp.StatusCode, resp.Header
}

// key is where storage keeps what is published at the URL.
func key(published string) (string, error) {
	u, err := url.Parse(published)
	if err != nil {
		return "", err
	}
	if u.Host != "pictures.example" {
		return "", fmt.Errorf("%s is not where pictures are published", published)
	}
	return strings.TrimPrefix(u.Path, "/"), nil
}

// freeAddress returns an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
