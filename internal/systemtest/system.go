package systemtest

import (
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// The queues of the broker.
const (
	MainQueue = "vitrine.images.v1"
	DeadQueue = "vitrine.images.v1.dead"
)

// System is a set of servers, seen past the processes that run on it.
type System struct {
	Env   map[string]string
	DB    *pgx.Conn
	t     *testing.T
	store *sqlstore.Store
}

// NewSystem returns shared servers with the schema and nothing in it.
func NewSystem(t *testing.T) *System {
	t.Helper()
	s := &System{t: t, Env: SharedServers(t)}
	var err error
	s.store, err = sqlstore.OpenPostgres(t.Context(), sqldb.PostgresConfig{
		Host: s.Env["DB_HOST"], Port: s.port("DB_PORT"), User: s.Env["DB_USER"],
		Password: s.Env["DB_PASSWORD"], Name: s.Env["DB_NAME"], SSLMode: "disable", MaxConns: 2,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	if _, err := s.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	dsn := s.url("postgres", "DB", s.Env["DB_NAME"])
	if s.DB, err = pgx.Connect(t.Context(), dsn+"?sslmode=disable"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.DB.Close(t.Context()) })
	return s
}

func (s *System) url(scheme, prefix, path string) string {
	u := url.URL{
		Scheme: scheme, User: url.UserPassword(s.Env[prefix+"_USER"], s.Env[prefix+"_PASSWORD"]),
		Host: net.JoinHostPort(s.Env[prefix+"_HOST"], s.Env[prefix+"_PORT"]), Path: "/" + path,
	}
	return u.String()
}

func (s *System) port(variable string) uint16 {
	s.t.Helper()
	n, err := strconv.ParseUint(s.Env[variable], 10, 16)
	if err != nil {
		s.t.Fatal(err)
	}
	return uint16(n)
}

// Create stores a product with one image and returns the path to it.
func (s *System) Create(image string) (path string) {
	s.t.Helper()
	p, err := s.store.CreateProduct(s.t.Context(), catalog.NewProduct{UserID: 1, Name: "Lamp", Images: []string{image}, Price: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	return "/products/" + strconv.FormatInt(p.ID, 10)
}

// EndLeases lets all leases of images expire.
func (s *System) EndLeases() {
	s.t.Helper()
	if err := s.store.EndLeases(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// Number queries one number from the database.
func (s *System) Number(query string) (n int64) {
	s.t.Helper()
	if err := s.DB.QueryRow(s.t.Context(), query).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Revision is the revision of the only product.
func (s *System) Revision() int64 {
	s.t.Helper()
	return s.Number(`SELECT revision FROM products`)
}

// OnlyProduct is the id of the only product.
func (s *System) OnlyProduct() int64 {
	s.t.Helper()
	if n := s.Number(`SELECT count(*) FROM products`); n != 1 {
		s.t.Fatalf("there are %d products, want 1", n)
	}
	return s.Number(`SELECT id FROM products`)
}

// AwaitNoWork waits until no image has work.
func (s *System) AwaitNoWork() {
	s.t.Helper()
	Eventually(s.t, "all work to be done", func() bool { return s.Number(`SELECT count(*) FROM images WHERE stage IS NOT NULL`) == 0 })
}

func (s *System) channel() *amqp.Channel {
	s.t.Helper()
	conn, err := amqp.Dial(s.url("amqp", "QUEUE", s.Env["QUEUE_VHOST"]))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		s.t.Fatal(err)
	}
	return channel
}

// Queued returns how many messages are in the broker's queues.
func (s *System) Queued() (n int) {
	s.t.Helper()
	channel := s.channel()
	for _, name := range []string{MainQueue, DeadQueue} {
		q, err := channel.QueueDeclarePassive(name, true, false, false, false, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		n += q.Messages
	}
	return n
}

// DeadLetter dispatches the only job to the dead-letter queue, as if the broker
// had given it up.
func (s *System) DeadLetter() {
	s.t.Helper()
	cfg := rabbitmq.DefaultConfig()
	cfg.Host, cfg.Port, cfg.VHost = s.Env["QUEUE_HOST"], s.port("QUEUE_PORT"), s.Env["QUEUE_VHOST"]
	cfg.User, cfg.Password = s.Env["QUEUE_USER"], s.Env["QUEUE_PASSWORD"]
	q, err := rabbitmq.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	defer q.Close()
	if err := q.Ping(s.t.Context()); err != nil { // declares the queues
		s.t.Fatal(err)
	}
	request, plan := dispatch.Single(time.Hour, 1, 1<<20)
	step, err := s.store.DispatchStep(s.t.Context(), request, plan)
	if err != nil || len(step.Jobs) != 1 {
		s.t.Fatalf("dispatched %+v, %v", step, err)
	}
	s.Publish(DeadQueue, string(step.Jobs[0].Encode()))
}

// Publish sends a message to a queue.
func (s *System) Publish(queue, body string) {
	s.t.Helper()
	err := s.channel().PublishWithContext(s.t.Context(), "", queue, true, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// AwaitConsumed returns when the only consumer has taken all that is in the
// queues: an unreadable message goes through both of them behind it.
func (s *System) AwaitConsumed(consumer *Process) {
	s.t.Helper()
	s.Publish(MainQueue, "unreadable")
	consumer.Logged("the last message", Msg("dead letter is unreadable"))
}

// Objects lists the keys of the bucket.
func (s *System) Objects() []string {
	s.t.Helper()
	out, err := S3(s.Env).ListObjectsV2(s.t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String(s.Env["AWS_S3_BUCKET"])})
	if err != nil {
		s.t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		if *o.Key != blob.ProbeKey && !strings.HasPrefix(*o.Key, "installation/") { // they say that files can be stored, and whose they are
			keys = append(keys, *o.Key)
		}
	}
	slices.Sort(keys)
	return keys
}
