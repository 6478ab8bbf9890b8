package growth_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

const (
	clients       = 16 // of all processes together
	asked         = 8 * time.Second
	readProducts  = 1000
	imagesOfAStep = 400
	rounds        = 3
)

// TestProcesses: what a create, a cached read and an image cost with one, two and four processes of a kind on the same
// servers, and how many there are in a second. All share the machine: with enough cores the rate would grow, here
// it is to stay, and what one operation costs with it. By turns, medians.
func TestProcesses(t *testing.T) {
	wanted(t)
	b := table{head: []string{"operation", "processes", "a second", "CPU of the processes", "CPU of PostgreSQL", "CPU of both as a multiple of one process"}}
	for name, kind := range map[string]func(*testing.T, *servers) []line{"APIs": byAPIs, "workers": byWorkers} {
		t.Run(name, func(t *testing.T) {
			for _, l := range kind(t, newServers(t)) {
				one := 0.
				for _, n := range []int{1, 2, 4} {
					m := l.took[n]
					rate, own, database := median(m, 0), median(m, 1), median(m, 2)
					if n == 1 {
						one = own + database
					}
					b.add(l.name, strconv.Itoa(n), figure(rate, ""), figure(own, "µs"), figure(database, "µs"), figure((own+database)/one, ""))
				}
			}
		})
	}
	slices.SortStableFunc(b.rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	b.write(t, "processes", 3*3) // operations, and numbers of processes
}

// line is what an operation took: of each number of processes and round the operations a second and the CPU, in
// microseconds, of the processes and of PostgreSQL.
type line struct {
	name string
	took map[int][][3]float64
}

func median(rounds [][3]float64, of int) float64 {
	var list []float64
	for _, r := range rounds {
		list = append(list, r[of])
	}
	return at(0.5, list)
}

type servers struct {
	db  *limit.Postgres
	env map[string]string
}

func newServers(t *testing.T) *servers {
	t.Helper()
	s := &servers{db: limit.NewPostgres(t), env: systemtest.SharedServers(t)}
	maps.Copy(s.env, s.db.Env)
	maps.Copy(s.env, map[string]string{"LOG_LEVEL": "info", "CACHE_LEASE": "5m", "FETCH_HOST_LIMIT": "64", "WORKER_RENDERS": "1"})
	return s
}

// start starts n processes of the role and waits until they are ready.
func (s *servers) start(t *testing.T, role string, n int) (list []*systemtest.Process, urls []string) {
	t.Helper()
	for range n {
		env := maps.Clone(s.env)
		env["HTTP_ADDR"], env["ADMIN_ADDR"] = testserver.Address(t), testserver.Address(t)
		p := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: role, Env: env, OnLine: func([]byte) {}}).Launch()
		list, urls = append(list, p), append(urls, "http://"+env["HTTP_ADDR"])
		systemtest.AwaitReady(t, "http://"+env["ADMIN_ADDR"])
	}
	return list, urls
}

func stop(list []*systemtest.Process) {
	for _, p := range list {
		p.Stop()
	}
}

// cost is what is done costs: see line.
func (s *servers) cost(t *testing.T, list []*systemtest.Process, do func() int) [3]float64 {
	t.Helper()
	own := func() (sum time.Duration) {
		for _, p := range list {
			sum += systemtest.CPUWithChildren(t, p.PID())
		}
		return sum
	}
	before, database, began := own(), s.db.CPU(t), time.Now()
	n := float64(do())
	return [3]float64{
		n / time.Since(began).Seconds(), float64((own() - before).Microseconds()) / n, float64((s.db.CPU(t) - database).Microseconds()) / n,
	}
}

// byAPIs measures creates and cached reads.
func byAPIs(t *testing.T, s *servers) []line {
	t.Helper()
	creating, reading := line{"create with two images", map[int][][3]float64{}}, line{"read of a product, cached in Redis", map[int][][3]float64{}}
	for range rounds {
		for _, n := range []int{1, 2, 4} {
			list, urls := s.start(t, "api", n)
			create := func(client, i int) (method, path, body string) {
				return http.MethodPost, "/products", fmt.Sprintf(`{"user_id":1,"product_name":"Smartphone %d, no. %d","product_price":999.99,`+
					`"product_description":"Latest model with advanced features",`+
					`"product_images":["https://example.com/image1.jpg","https://example.com/image2.jpg"]}`, client, i)
			}
			read := func(int, int) (method, path, body string) {
				return http.MethodGet, fmt.Sprintf("/products/%d", 1+rand.IntN(readProducts)), ""
			}
			ask(t, urls, asked/8, create)
			creating.took[n] = append(creating.took[n], s.cost(t, list, func() int { return ask(t, urls, asked, create) }))
			ask(t, urls, asked/8, read)
			reading.took[n] = append(reading.took[n], s.cost(t, list, func() int { return ask(t, urls, asked, read) }))
			stop(list)
		}
	}
	return []line{creating, reading}
}

// ask has all clients send requests for so long, each to one of the servers, and returns how many were answered.
func ask(t *testing.T, urls []string, d time.Duration, request func(client, i int) (method, path, body string)) (n int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(t.Context())
	counts := make([]int, clients)
	end := time.Now().Add(d)
	for c := range clients {
		group.Go(func() error {
			for ; time.Now().Before(end); counts[c]++ {
				method, path, body := request(c, counts[c])
				if err := send(ctx, client, method, urls[c%len(urls)]+path, body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, answered := range counts {
		n += answered
	}
	if n == 0 {
		t.Fatal("nothing was answered: this shows nothing")
	}
	return n
}

func send(ctx context.Context, client *http.Client, method, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if text, err := io.ReadAll(reply.Body); err != nil || reply.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s answered %d %s, %w", method, url, reply.StatusCode, text, err)
	}
	return nil
}

// byWorkers measures images that are fetched from loopback, rendered and stored, from the first that is dispatched to the
// last that is ready. They are small: what is not rendering is what more workers could make dearer.
func byWorkers(t *testing.T, s *servers) []line {
	t.Helper()
	source := systemtest.NewSource(t)
	store := s.db.Store(t, 2, quiet())
	images, made := line{"image, fetched, rendered and stored", map[int][][3]float64{}}, 0
	for range rounds {
		for _, n := range []int{1, 2, 4} {
			list, _ := s.start(t, "worker", n)
			began := time.Now()
			images.took[n] = append(images.took[n], s.cost(t, list, func() int {
				for _, url := range source.Numbered(made, imagesOfAStep) {
					if _, err := store.CreateProduct(t.Context(), newProduct(url)); err != nil {
						t.Fatal(err)
					}
				}
				made += imagesOfAStep
				systemtest.Eventually(t, "the images to be ready", func() bool {
					return s.db.Number(t, `SELECT count(*) FROM images WHERE status = 'pending'`) == 0
				})
				if ready := s.db.Number(t, `SELECT count(*) FROM images WHERE status = 'ready'`); ready != int64(made) {
					t.Fatalf("%d images are ready, want %d", ready, made)
				}
				return imagesOfAStep
			}))
			t.Logf("%d workers: %s", n, time.Since(began).Round(time.Millisecond))
			stop(list)
		}
	}
	return []line{images}
}
