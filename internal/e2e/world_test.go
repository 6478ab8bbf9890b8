package e2e_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// world is a set of real servers as its owner sees them, beside the processes.
type world struct {
	env   map[string]string
	store *sqlstore.Store
	db    *pgx.Conn
}

// The queues of the broker.
const mainQueue, deadQueue = "vitrine.images.v1", "vitrine.images.v1.dead"

// newWorld returns a world with the schema and nothing in it.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{env: servers(t)}
	store, err := sqlstore.OpenPostgres(t.Context(), sqldb.PostgresConfig{
		Host: w.env["DB_HOST"], Port: port(t, w.env["DB_PORT"]), User: w.env["DB_USER"],
		Password: w.env["DB_PASSWORD"], Name: w.env["DB_NAME"], SSLMode: "disable", MaxConns: 2,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(w.env["DB_USER"], w.env["DB_PASSWORD"]),
		Host: net.JoinHostPort(w.env["DB_HOST"], w.env["DB_PORT"]), Path: w.env["DB_NAME"], RawQuery: "sslmode=disable",
	}
	if w.db, err = pgx.Connect(t.Context(), dsn.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close(t.Context()) })
	w.store = store
	return w
}

func port(t *testing.T, s string) uint16 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

// create stores a product with one image and returns the path to it.
func (w *world) create(t *testing.T, image string) (path string) {
	t.Helper()
	p, err := w.store.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "Lamp", Images: []string{image}, Price: 100})
	if err != nil {
		t.Fatal(err)
	}
	return "/products/" + strconv.FormatInt(p.ID, 10)
}

// endLeases lets the time of all leases be over.
func (w *world) endLeases(t *testing.T) {
	t.Helper()
	if err := w.store.EndLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := w.db.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) version(t *testing.T) int64 {
	t.Helper()
	return w.number(t, `SELECT version FROM products`)
}

func (w *world) onlyProduct(t *testing.T) int64 {
	t.Helper()
	if n := w.number(t, `SELECT count(*) FROM products`); n != 1 {
		t.Fatalf("there are %d products, want 1", n)
	}
	return w.number(t, `SELECT id FROM products`)
}

// emptied waits until the outbox is.
func (w *world) emptied(t *testing.T) {
	t.Helper()
	eventually(t, "the outbox to be empty", func() bool { return w.number(t, `SELECT count(*) FROM outbox`) == 0 })
}

func (w *world) channel(t *testing.T) *amqp.Channel {
	t.Helper()
	broker := url.URL{
		Scheme: "amqp", User: url.UserPassword(w.env["QUEUE_USER"], w.env["QUEUE_PASSWORD"]),
		Host: net.JoinHostPort(w.env["QUEUE_HOST"], w.env["QUEUE_PORT"]), Path: "/" + w.env["QUEUE_VHOST"],
	}
	conn, err := amqp.Dial(broker.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// queued returns how many messages wait in the broker's queues.
func (w *world) queued(t *testing.T) (n int) {
	t.Helper()
	channel := w.channel(t)
	for _, name := range []string{mainQueue, deadQueue} {
		q, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		n += q.Messages
	}
	return n
}

// deadLetter moves the only job from the outbox to the dead-letter queue, as
// if the broker had given it up.
func (w *world) deadLetter(t *testing.T) {
	t.Helper()
	q, err := rabbitmq.New(rabbitmq.Config{
		Host: w.env["QUEUE_HOST"], Port: port(t, w.env["QUEUE_PORT"]), User: w.env["QUEUE_USER"],
		Password: w.env["QUEUE_PASSWORD"], VHost: w.env["QUEUE_VHOST"],
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if err := q.Ping(t.Context()); err != nil { // declares the queues
		t.Fatal(err)
	}
	var body string
	if err := w.db.QueryRow(t.Context(), `DELETE FROM outbox WHERE image_id IS NOT NULL RETURNING body`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	w.publish(t, deadQueue, body)
}

func (w *world) publish(t *testing.T, queue, body string) {
	t.Helper()
	err := w.channel(t).PublishWithContext(t.Context(), "", queue, true, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
}

// passThrough returns when the only consumer has taken all that is in the
// queues: an unreadable message goes through both of them behind it.
func (w *world) passThrough(t *testing.T, consumer *process) {
	t.Helper()
	w.publish(t, mainQueue, "unreadable")
	consumer.logged("the last message", func(l logLine) bool { return l["msg"] == "dead letter is unreadable" })
}

// objects lists the bucket.
func (w *world) objects(t *testing.T) []string {
	t.Helper()
	bucket := awss3.New(awss3.Options{
		BaseEndpoint: aws.String(w.env["AWS_ENDPOINT_URL_S3"]), Region: w.env["AWS_REGION"], UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(w.env["AWS_ACCESS_KEY_ID"], w.env["AWS_SECRET_ACCESS_KEY"], ""),
	})
	out, err := bucket.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String(w.env["AWS_S3_BUCKET"])})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		if *o.Key != blob.ProbeKey { // says that files can be stored
			keys = append(keys, *o.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// flaky is newSource with /flaky, a photograph that is not to be had at first.
func flaky(t *testing.T) *httptest.Server {
	t.Helper()
	src, err := url.Parse(newSource(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(src)
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flaky" {
			if asked.Add(1) == 1 {
				http.Error(w, "come again", http.StatusServiceUnavailable)
				return
			}
			r.URL.Path = "/rocket.jpg"
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// eventually polls until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); pause(t, 20*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}
