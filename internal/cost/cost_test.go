package cost_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv("COST_BARE"); addr != "" {
		serveBare(addr)
		return
	}
	systemtest.Main(m)
}

const (
	clients = 16
	rounds  = 5
)

// turn is how long one measurement of a round lasts. It skips the test where none is
// asked for.
func turn(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("COST_TURN")
	if text == "" {
		t.Skip("measures for minutes: make cost")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("COST_TURN is %q", text)
	}
	return d
}

// limit prints a figure and fails the test where it is not within its limit.
func limit(t *testing.T, figure, most float64, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	if !(figure <= most) { // nor is it where nothing was measured: that is not a number
		t.Errorf("%s: %.2f, not at most %.2f", text, figure, most)
		return
	}
	t.Logf("%s: %.2f (at most %.2f)", text, figure, most)
}

// postgres is a server of the test's own that syncs its commits.
type postgres struct {
	*testserver.Server

	*pgx.Conn

	pid int
	env map[string]string
}

func newPostgres(t *testing.T, settings ...string) *postgres {
	t.Helper()
	server := testserver.OwnPostgresWith(t, append([]string{"fsync=on", "full_page_writes=on"}, settings...)...)
	text, err := os.ReadFile(filepath.Join(server.Folder(), "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	p := &postgres{Server: server}
	if p.pid, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	if p.Conn, err = pgx.Connect(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Conn.Close(context.WithoutCancel(t.Context())) })
	u := systemtest.ParseURL(t, server.URL())
	p.env = map[string]string{
		"DB_HOST": u.Hostname(), "DB_PORT": u.Port(), "DB_USER": "vitrine", "DB_PASSWORD": "vitrine",
		"DB_NAME": "postgres", "DB_SSLMODE": "disable",
	}
	systemtest.Run(t, "migrate", p.env)
	return p
}

func (p *postgres) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := p.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// all returns the rows of a query, each as scan makes it.
func all[T any](t *testing.T, p *postgres, scan pgx.RowToFunc[T], query string, args ...any) []T {
	t.Helper()
	rows, err := p.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}

func (p *postgres) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := p.Conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// cpu is the user and system time of the server and all its processes, with those
// that have ended.
func (p *postgres) cpu(t *testing.T) time.Duration {
	t.Helper()
	return systemtest.CPUWithChildren(t, p.pid)
}

// repeat has all clients call do until the time is over, and returns how often
// they did.
func repeat(t *testing.T, d time.Duration, do func(ctx context.Context, client, n int) error) (times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	counts := make([]int, clients)
	group, groupCtx := errgroup.WithContext(t.Context())
	for client := range clients {
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := do(groupCtx, client, counts[client]); err != nil {
					return err
				}
				counts[client]++
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, n := range counts {
		times += n
	}
	if times == 0 {
		t.Fatalf("nothing was done within %s: this shows nothing", d)
	}
	return times
}

func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}

func micros(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }
