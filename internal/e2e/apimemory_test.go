package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

const (
	longProducts = 1000
	listsAtOnce  = 60
	listsEach    = 5
	// maxListMemory is what the API may hold while it answers them.
	maxListMemory = 250 << 20
	// apiMemory is the bound of docs/operations.md for any load, without the
	// connections (12 MB) and the cached answers, which are few here.
	apiMemory = 400 << 20
	// maxListCache is what 300 answers to lists may put into Redis.
	maxListCache = 40 << 20
)

// TestMemoryOfTheAPI measures what the API holds while many ask for pages of
// products with the longest descriptions, while others do not read what they
// asked for, and while the costliest bodies arrive.
func TestMemoryOfTheAPI(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	for name, role := range map[string]string{"embedded": "serve", "servers": "api"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"DATA_DIR": t.TempDir(), "LOG_LEVEL": "info"}
			redis := ""
			if role == "api" {
				maps.Copy(env, systemtest.SharedServers(t))
				systemtest.Run(t, "migrate", env)
				redis = net.JoinHostPort(env["REDIS_HOST"], env["REDIS_PORT"])
			}
			p := systemtest.Start(t, role, env)
			u, err := url.Parse(p.URL())
			if err != nil {
				t.Fatal(err)
			}
			makeLongProducts(t, p.URL())
			watch, cached := systemtest.WatchMemory(t, p.PID()), redisMemory(t, redis)
			good := readLists(t, p.URL())
			held, _ := watch.Peak()
			cached = redisMemory(t, redis) - cached
			t.Logf("%d lists at once: %d MB at most, %d MB in Redis; %d of %d at the first try",
				listsAtOnce, held>>20, cached>>20, good, listsAtOnce*listsEach)
			if held > maxListMemory || cached > maxListCache {
				t.Errorf("that is more than %d MB, and %d MB in Redis", maxListMemory>>20, maxListCache>>20)
			}
			watch = systemtest.WatchMemory(t, p.PID())
			doNotRead(t, u.Host)
			watch.AwaitSteady(t)
			doNotEnd(t, u.Host, watch)
			costMuch(t, u.Host)
			readLists(t, p.URL())
			held, _ = watch.Peak()
			t.Logf("under everything: %d MB at most, of %d MB that are allowed", held>>20, apiMemory>>20)
			if held > apiMemory {
				t.Errorf("%d MB were held, the bound is %d MB", held>>20, apiMemory>>20)
			}
		})
	}
}

func makeLongProducts(t *testing.T, api string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"user_id": 1, "product_name": strings.Repeat("😀", 200), "product_description": strings.Repeat("😀", 10_000),
		"product_price": json.Number("1.00"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := systemtest.Client{T: t, URL: api}
	const atOnce = 8
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for range longProducts / atOnce {
				resp, answer := c.Do(http.MethodPost, "/products", map[string]string{"Content-Type": "application/json"}, string(body))
				if resp.StatusCode != http.StatusCreated {
					t.Errorf("status %d: %s", resp.StatusCode, answer)
				}
			}
		})
	}
	group.Wait()
}

// readLists asks for the first page again and again, from many clients at once
// and each time spelled as another list. It returns how many were answered at
// their first try; the others were answered 503 first.
func readLists(t *testing.T, api string) (good int64) {
	t.Helper()
	var first, lists atomic.Int64
	var group sync.WaitGroup
	for range listsAtOnce {
		group.Go(func() {
			for range listsEach {
				page := fmt.Sprintf("%s/products?user_id=1&limit=1000&price_max=%d", api, 1000+lists.Add(1))
				for try := 0; ; try++ {
					status := fetchPage(t.Context(), page)
					if status == http.StatusOK {
						if try == 0 {
							first.Add(1)
						}
						break
					}
					if status != http.StatusServiceUnavailable || try == 20 {
						t.Errorf("status %d", status)
						return
					}
				}
			}
		})
	}
	group.Wait()
	return first.Load()
}

func fetchPage(ctx context.Context, page string) (status int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// doNotRead asks for pages over many connections with small buffers, and reads
// none of them to its end.
func doNotRead(t *testing.T, addr string) {
	t.Helper()
	for i := range 300 {
		conn := dialAPI(t, addr)
		fmt.Fprintf(conn, "GET /products?user_id=1&limit=1000&price_max=%d HTTP/1.1\r\nHost: localhost\r\n\r\n", 500_000+i)
	}
}

// doNotEnd sends bodies but for their last byte.
func doNotEnd(t *testing.T, addr string, watch *systemtest.MemoryWatch) {
	t.Helper()
	body := strings.Repeat(" ", 1<<20-1)
	var group sync.WaitGroup
	for range 300 {
		conn := dialAPI(t, addr)
		group.Go(func() {
			fmt.Fprintf(conn, "POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body)+1)
			_, _ = io.WriteString(conn, body)
		})
	}
	watch.AwaitSteady(t)
	group.Wait()
}

// costMuch sends the bodies that cost the most to read, and waits for the
// answers.
func costMuch(t *testing.T, addr string) {
	t.Helper()
	body := `{"product_images":[` + strings.Repeat("0,", 500_000) + "0]}"
	var group sync.WaitGroup
	for range 100 {
		conn := dialAPI(t, addr)
		group.Go(func() {
			fmt.Fprintf(conn, "POST /products HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Errorf("no answer: %v", err)
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusUnprocessableEntity && resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	group.Wait()
}

func dialAPI(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	if !ok || tcp.SetReadBuffer(4096) != nil || tcp.SetDeadline(time.Now().Add(systemtest.Patience)) != nil {
		t.Fatalf("a connection of type %T", conn)
	}
	return tcp
}

// redisMemory is what a server uses, in bytes; 0 without a server.
func redisMemory(t *testing.T, addr string) int64 {
	t.Helper()
	if addr == "" {
		return 0
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "INFO memory\r\nQUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(conn)
	for scanner.Scan() {
		if text, ok := strings.CutPrefix(scanner.Text(), "used_memory:"); ok {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("the server does not say what memory it uses")
	return 0
}
