package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// system is everything that runs: four servers, four processes, and a link of
// the test's own between any two that speak to each other.
type system struct {
	t       *testing.T
	env     map[string]string // of every process
	servers *systemtest.OwnServers
	links   map[string]map[string]*testserver.TCPProxy // by process and part
	fronts  map[string]*testserver.TCPProxy            // between clients and an API
	apis    []*process
	workers []*process
	objects *s3.Client
	seen    *observations
}

func newSystem(t *testing.T, s settings) *system {
	t.Helper()
	sys := &system{
		t: t, servers: systemtest.NewServers(t), seen: &observations{levels: map[string]int{}},
		links: map[string]map[string]*testserver.TCPProxy{}, fronts: map[string]*testserver.TCPProxy{},
	}
	sys.objects = systemtest.S3(sys.servers.Env())
	sys.env = map[string]string{
		"PUBLIC_BASE_URL": "http://pictures.example",
		"JOB_LEASE":       jobLease.String(), "JOB_REQUEUE_AFTER": requeueAfter.String(), "CACHE_LEASE": cacheLease.String(),
		// Deaths of workers are this test's doing, not the pictures'.
		"JOB_MAX_ATTEMPTS": "50", "JOB_MAX_CRASHES": "50", "JOB_BACKOFF": "500ms", "JOB_BACKOFF_CAP": "5s",
		"WEBHOOK_ALLOW_PRIVATE": "true", "DRAIN_TIMEOUT": "5s", "WORKER_DOWNLOADS": strconv.Itoa(downloads), "FETCH_HOST_LIMIT": strconv.Itoa(hostLimit), "LOG_LEVEL": "info",
	}
	systemtest.Run(t, "migrate", sys.direct())
	sys.moreUsers()
	sys.audit()
	for _, name := range []string{"api1", "api2"} {
		addr := testserver.Address(t)
		sys.fronts[name] = testserver.Proxy(t, addr)
		p := sys.process(s, name, "api", map[string]string{"HTTP_ADDR": addr})
		sys.apis = append(sys.apis, p)
	}
	for _, name := range []string{"worker1", "worker2"} {
		sys.workers = append(sys.workers, sys.process(s, name, "worker", nil))
	}
	for _, p := range sys.processes() {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range sys.apis {
		systemtest.AwaitReady(t, sys.url(p))
	}
	return sys
}

func (sys *system) processes() []*process {
	return append(append([]*process{}, sys.apis...), sys.workers...)
}

// process prepares one with links of its own to every server.
func (sys *system) process(s settings, name, role string, extra map[string]string) *process {
	sys.t.Helper()
	sys.links[name] = map[string]*testserver.TCPProxy{}
	addresses := map[string]string{}
	for part, server := range sys.servers.ByPart {
		link := testserver.Proxy(sys.t, server.Addr())
		sys.links[name][part], addresses[part] = link, link.Addr()
	}
	env := sys.servers.EnvBehind(addresses)
	maps.Copy(env, sys.env)
	maps.Copy(env, extra)
	return newProcess(sys.t, s, name, role, env, sys.seen)
}

// direct is the environment of a process that no fault reaches.
func (sys *system) direct() map[string]string {
	env := sys.servers.Env()
	maps.Copy(env, sys.env)
	return env
}

// moreUsers makes those that there are beside the first.
func (sys *system) moreUsers() {
	sys.t.Helper()
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		_, err := db.Exec(ctx, `INSERT INTO users (id, name, created_at) SELECT n, 'User ' || n, 0 FROM generate_series(2, $1) AS n`, users+2+importers)
		return err
	})
}

// audit makes the database itself note what is not to be asked of those who
// did it: in which transaction products and their events were written, every
// publication, every begin of an image that was not out or was begun already,
// every message whose time ran out before it was begun, from when to when each
// picture was worked on, and every event that a reader of the log had gone past before it was committed.
func (sys *system) audit() {
	sys.t.Helper()
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		_, err := db.Exec(ctx, fmt.Sprintf(`
			CREATE TABLE chaos_audit (what TEXT, id BIGINT, transaction BIGINT, number BIGINT, rendition_key TEXT);
			CREATE FUNCTION chaos_product() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('change', NEW.id, txid_current(), NEW.revision);
				RETURN NULL;
			END $$;
			CREATE FUNCTION chaos_event() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('event', NEW.product_id, txid_current(), NEW.revision);
				RETURN NULL;
			END $$;
			CREATE FUNCTION chaos_published() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('published', NEW.id, txid_current(), NEW.generation, NEW.rendition_key);
				RETURN NULL;
			END $$;
			CREATE FUNCTION chaos_begun() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('begun', NEW.id, txid_current(), NEW.attempts);
				RETURN NULL;
			END $$;
			CREATE FUNCTION chaos_lost() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit VALUES ('lost', NEW.id, txid_current(), OLD.dispatched_until - %[1]d);
				RETURN NULL;
			END $$;
			CREATE TABLE chaos_worked (url TEXT, at TIMESTAMPTZ, begun BOOLEAN);
			CREATE FUNCTION chaos_worked() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_worked VALUES (OLD.source_url, clock_timestamp(), TG_NAME = 'chaos_worked_on');
				RETURN NULL;
			END $$;
			CREATE TRIGGER chaos_worked_on AFTER UPDATE OF attempts ON images FOR EACH ROW
				WHEN (NEW.attempts > OLD.attempts AND NEW.stage = 3) EXECUTE FUNCTION chaos_worked();
			CREATE TRIGGER chaos_worked_off AFTER UPDATE OF stage ON images FOR EACH ROW
				WHEN (OLD.stage = 3 AND NEW.stage IS DISTINCT FROM 3) EXECUTE FUNCTION chaos_worked();
			CREATE TRIGGER chaos_dropped AFTER DELETE ON images FOR EACH ROW
				WHEN (OLD.stage = 3) EXECUTE FUNCTION chaos_worked();
			CREATE FUNCTION chaos_skipped() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO chaos_audit SELECT 'skipped', NEW.id, txid_current(), position FROM
					(SELECT position FROM event_readers UNION ALL SELECT position FROM webhooks) AS readers WHERE position >= NEW.id;
				RETURN NULL;
			END $$;
			CREATE CONSTRAINT TRIGGER chaos_skipped AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
				FOR EACH ROW EXECUTE FUNCTION chaos_skipped();
			CREATE TRIGGER chaos_made AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION chaos_product();
			CREATE TRIGGER chaos_changed AFTER UPDATE OF revision ON products FOR EACH ROW
				WHEN (OLD.revision <> NEW.revision) EXECUTE FUNCTION chaos_product();
			CREATE TRIGGER chaos_event AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION chaos_event();
			CREATE TRIGGER chaos_published AFTER UPDATE OF rendition_key ON images FOR EACH ROW
				WHEN (NEW.status = 'ready') EXECUTE FUNCTION chaos_published();
			CREATE TRIGGER chaos_begun AFTER UPDATE OF attempts ON images FOR EACH ROW
				WHEN (NEW.attempts > OLD.attempts AND (OLD.stage <> 3 OR OLD.lease_until <> 0)) EXECUTE FUNCTION chaos_begun();
			CREATE TRIGGER chaos_lost AFTER UPDATE OF stage ON images FOR EACH ROW
				WHEN (OLD.stage = 3 AND OLD.lease_until = 0 AND NEW.stage IN (1, 2, 3)
					AND OLD.dispatched_until <= floor(extract(epoch FROM statement_timestamp()) * 1000)::BIGINT)
				EXECUTE FUNCTION chaos_lost()`, requeueAfter.Milliseconds()))
		return err
	})
}

// query speaks to the database past all faults.
func (sys *system) query(do func(context.Context, *pgx.Conn) error) {
	sys.t.Helper()
	sys.servers.Query(sys.t, do)
}

// url is where clients reach an API.
func (sys *system) url(p *process) string { return "http://" + sys.fronts[p.name].Addr() }

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
