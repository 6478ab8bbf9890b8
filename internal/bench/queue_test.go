package bench_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

const (
	jobsASecond = 200 // of a turn: so many jobs are done in one
	hostsOfJobs = 100 // each has at most four downloads at once
	usersOfJobs = 20
)

// TestQueue: jobs by the dispatcher, RabbitMQ and a worker, with PostgreSQL that syncs its commits, where nothing is
// downloaded, rendered or stored, beside the same broker through its client library alone. All that is written to
// PostgreSQL is ours alone: the limit has no database.
func TestQueue(t *testing.T) {
	r := begin(t)
	db, server := limit.NewPostgres(t), testserver.OwnRabbitMQ(t)
	plain := limit.NewBroker(t, server.URL())
	text, err := os.ReadFile(filepath.Join(server.Folder(), "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	line := newLine(t, db, server)
	own := newQueue(t, server, "bench", line.log)
	n := max(jobsASecond, int(jobsASecond*r.turn.Seconds()))
	broker, others := func() time.Duration { return systemtest.CPU(t, pid) }, func() time.Duration { return systemtest.OwnCPU(t) + db.CPU(t) }
	measure := func(do func() int) sample {
		before, began := broker()+others(), time.Now()
		n := float64(do())
		seconds := time.Since(began).Seconds()
		return sample{CPU: float64((broker() + others() - before).Microseconds()) / n, Throughput: n / seconds}
	}
	body := media.Job{ImageID: 100_000, ProductID: 100_000, Generation: 1, Token: 100_000, Host: "host17.example"}.Encode()
	var database []float64
	var alone pair
	both := r.byTurns(
		func() sample {
			alone.ours = append(alone.ours, measure(func() int { return pass(t, own, body, r.turn) }))
			line.create(t, n)
			before := db.CPU(t)
			s := measure(func() int { return line.run(t, n) })
			database = append(database, float64((db.CPU(t)-before).Microseconds())/float64(n))
			return s
		},
		func() sample { return measure(func() int { return plain.Pass(t, body, r.turn) }) })
	alone.limit = both.limit
	const library = "the same messages through the client library alone: 256 unconfirmed, 100 prefetched"
	r.took(t, alone.rate(report.Figure{
		Name: "queue-alone", What: "the program's queue on RabbitMQ, handled by nothing: messages", Goal: 0.6, Limit: library,
	}))
	cpu := both.cpu(report.Figure{})
	f := both.rate(report.Figure{
		Name: "queue", What: "dispatcher, RabbitMQ and worker, nothing rendered: jobs", Goal: 0.6,
		Limit: library + ", no database",
	})
	f.Also = []report.Also{
		{Name: "CPU with that of the servers", Ours: cpu.Ours, Beside: cpu.Beside},
		{Name: "PostgreSQL's part of the CPU", Ours: report.Quantity{Value: median(database, itself), Unit: "µs"}},
	}
	r.took(t, f)
}

// line is what passes jobs, as a worker with its dispatcher is put together.
type line struct {
	store *sqlstore.Store
	queue *queue.Queue
	log   *slog.Logger
	made  int // products
	done  *count
}

// count counts attempts that have ended well.
type count struct {
	left  atomic.Int64
	ended chan error // of capacity 1
}

// Attempted implements media.Observer.
func (c *count) Attempted(_ context.Context, a media.Attempted) {
	var err error
	if a.Outcome != media.OutcomeReady {
		err = fmt.Errorf("an attempt ended as %s", a.Outcome)
	}
	if c.left.Add(-1) == 0 || err != nil {
		select {
		case c.ended <- err:
		default:
		}
	}
}

// nothing is fetched, rendered and stored.
type nothing struct{}

func (nothing) Fetch(_ context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	_, err := io.WriteString(into, s.URL) // a content of its own
	return media.Answer{Status: 200}, err
}

func (nothing) Recipe() string { return "nothing" }

func (nothing) Render(context.Context, media.Preset, []byte) (media.Rendered, error) {
	file := func(width, height int) media.Encoded {
		return media.Encoded{Format: "jpeg", ContentType: "image/jpeg", Width: width, Height: height, Body: []byte{0xff}}
	}
	return media.Rendered{
		Width: 3000, Height: 2000, Compressed: file(2048, 1365), Variants: []media.Encoded{file(320, 213), file(800, 533), file(1600, 1067)},
	}, nil
}

func (nothing) Put(context.Context, string, string, []byte) error { return nil }

var _ interface {
	media.Fetcher
	media.Renderer
	media.Blobs
} = nothing{}

func newLine(t *testing.T, db *limit.Postgres, server *testserver.Server) *line {
	t.Helper()
	l := &line{log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), done: &count{ended: make(chan error, 1)}}
	l.store = db.Store(t, 20, l.log)
	db.Exec(t, fmt.Sprintf(`INSERT INTO users (id, name, created_at) SELECT n, 'User', 0 FROM generate_series(1, %d) AS n ON CONFLICT DO NOTHING`, usersOfJobs))
	l.queue = newQueue(t, server, rabbitmq.DefaultConfig().QueueName, l.log)
	return l
}

// newQueue is the program's, with this name at the broker.
func newQueue(t *testing.T, server *testserver.Server, name string, log *slog.Logger) *queue.Queue {
	t.Helper()
	address := systemtest.ParseURL(t, server.URL())
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rabbitmq.DefaultConfig()
	cfg.Host, cfg.Port, cfg.QueueName = address.Hostname(), uint16(port), name
	cfg.User = address.User.Username()
	cfg.Password, _ = address.User.Password()
	driver, err := rabbitmq.New(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	q := queue.New(driver, time.Minute, log)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// pass publishes the body through the queue for so long, as many at once as it has window, and handles each by
// nothing. It returns how many were handled.
func pass(t *testing.T, q *queue.Queue, body []byte, d time.Duration) int {
	t.Helper()
	if err := q.Ping(t.Context()); err != nil { // connects
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var handled atomic.Int64
	var consuming, publishing errgroup.Group
	consuming.Go(func() error {
		return q.Consume(ctx, consumed, func(context.Context, queue.Message) error {
			handled.Add(1)
			return nil
		})
	})
	publishing.SetLimit(q.Window())
	published := 0
	for began := time.Now(); time.Since(began) < d; published++ {
		publishing.Go(func() error { return q.Publish(ctx, queue.Message{ID: "bench", Body: body}) })
	}
	if err := publishing.Wait(); err != nil {
		t.Fatal(err)
	}
	systemtest.Eventually(t, "all messages to be handled", func() bool { return handled.Load() >= int64(published) })
	cancel()
	if err := consuming.Wait(); err != nil {
		t.Fatal(err)
	}
	return published
}

// consumed is how many messages are handled at once, as many as the limit has prefetched.
const consumed = 100

const downloadsAtOnce = 64 // as a worker by default

// create stores products with one image each.
func (l *line) create(t *testing.T, n int) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for range n {
		l.made++
		product := catalog.NewProduct{
			UserID: int64(1 + l.made%usersOfJobs), Name: "Lamp", Price: 100,
			Images: []string{fmt.Sprintf("https://host%d.example/%d.jpg", l.made%hostsOfJobs, l.made)},
		}
		group.Go(func() error {
			_, err := l.store.CreateProduct(ctx, product)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// run starts a dispatcher and a worker, which end when all images are done, and returns how many.
func (l *line) run(t *testing.T, n int) int {
	t.Helper()
	id := processes.NewID()
	l.done.left.Store(int64(n))
	views := catalog.NewViews(readthrough.Disabled(), catalog.FixedEpoch("bench"), l.log)
	defer views.Close()
	worker := media.NewWorker(media.Parts{
		Store: l.store, Fetcher: nothing{}, Spool: spool.New(t.TempDir(), 64<<20), Renderer: nothing{}, Blobs: nothing{},
		Announce: views, Observe: l.done, Process: id, Log: l.log,
	}, media.DefaultWorkerConfig(downloadsAtOnce, 2))
	heart := processes.NewHeart(l.store, processes.Process{ID: id, Role: "worker", Slots: downloadsAtOnce}, worker,
		func() processes.Use { return processes.Use{} }, l.log)
	dispatcher := dispatch.New(l.store, l.queue, l.store.WakeOwn, dispatch.DefaultConfig(), l.log)
	ctx, cancel := context.WithCancel(t.Context())
	var group errgroup.Group
	for _, task := range []func(context.Context) error{
		heart.Run, worker.Report, dispatcher.Run,
		func(ctx context.Context) error { return l.queue.Consume(ctx, downloadsAtOnce, worker.Handle) },
	} {
		group.Go(func() error { return task(ctx) })
	}
	select {
	case err := <-l.done.ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(systemtest.Patience):
		t.Errorf("%d jobs are not done", l.done.left.Load())
	}
	cancel()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	return n
}
