package bench_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// products are enough that hardly two connections read the same one, and few enough that all are cached.
const products = 10_000

// api is a program that serves and has products.
type api struct {
	pid   int
	addr  string
	admin string // address of its profiles
	key   string
}

// embedded starts the program as `vitrine serve` does.
func embedded(t *testing.T) *api {
	t.Helper()
	return start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()})
}

// start starts a role that answers, with authentication and its access log, on the core of servers.
func start(t *testing.T, role string, servers map[string]string) *api {
	t.Helper()
	env := map[string]string{
		"AUTH": "on", "LOG_LEVEL": "info", "GOMAXPROCS": "1", "HTTP_ADDR": testserver.Address(t),
		"ADMIN_ADDR": testserver.Address(t), "CACHE_LEASE": "5m", // so that what is measured is read from the cache
	}
	maps.Copy(env, servers)
	server := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: role, Env: env, OnLine: func([]byte) {}}).Launch()
	a := &api{pid: server.PID(), addr: env["HTTP_ADDR"], admin: env["ADMIN_ADDR"]}
	systemtest.AwaitAnswer(t, "http://"+a.addr+"/healthz")
	a.key = regexp.MustCompile(`vit_\w+`).FindString(systemtest.Run(t, "keys create --user 1 --name bench --scope products:read,products:write", env))
	if a.key == "" {
		t.Fatal("no key was made")
	}
	pin(t, a.pid, coreOfServer)
	pin(t, os.Getpid(), coreOfLoad)
	return a
}

// get is a whole request, as short as clients of the API send it.
func (a *api) get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nUser-Agent: bench/1\r\nAccept: application/json\r\nX-Request-Id: 0123456789abcdef\r\n\r\n", path, a.addr, a.key)
}

// answer is what the program answers.
func (a *api) answer(t *testing.T, path string) limit.Answer {
	t.Helper()
	found, err := a.read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (a *api) read(ctx context.Context, path string) (limit.Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.addr+path, nil)
	if err != nil {
		return limit.Answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("X-Request-Id", "0123456789abcdef")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return limit.Answer{}, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		return limit.Answer{}, fmt.Errorf("%s answered %d %s, %w", path, reply.StatusCode, body, err)
	}
	return limit.Answer{Status: reply.StatusCode, Header: reply.Header, Body: body}, nil
}

// fill creates the products.
func (a *api) fill(t *testing.T) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(32)
	for i := range products {
		group.Go(func() error {
			body := fmt.Sprintf(`{"user_id":1,"product_name":"Smartphone %d","product_price":%d.99,"product_description":"Latest model with advanced features"}`, i, 1+i%1000)
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.addr+"/products", strings.NewReader(body))
			if err != nil {
				return err
			}
			request.Header.Set("Authorization", "Bearer "+a.key)
			request.Header.Set("Content-Type", "application/json")
			reply, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			defer reply.Body.Close()
			if text, err := io.ReadAll(reply.Body); err != nil || reply.StatusCode != http.StatusCreated {
				return fmt.Errorf("create answered %d %s, %w", reply.StatusCode, text, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads each product, so that it is cached, in turns of any length.
func (a *api) readAll(t *testing.T) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(32)
	for i := range products {
		group.Go(func() error {
			_, err := a.read(ctx, fmt.Sprintf("/products/%d", 1+i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestReads: cached reads beside a bare handler that gets the same requests and writes the same bytes and
// headers.
func TestReads(t *testing.T) {
	r := begin(t)
	a := embedded(t)
	a.fill(t)
	random := func(_, _ int) []byte { return a.get(fmt.Sprintf("/products/%d", 1+rand.IntN(products))) }
	const list = "/products?user_id=1&price_min=1&price_max=1000&product_name=phone&limit=20"
	for _, line := range []struct {
		name, what, path string
		request          func(c, n int) []byte
		least            float64
	}{
		{"read-hot", "cached read of one product", "/products/17", nil, 0.80},
		{"read-random", "cached reads of 10,000 products", "/products/17", random, 0.76},
		{"list", "cached list of 20 by price and name", list, nil, 0.75},
	} {
		t.Run(line.name, func(t *testing.T) {
			same := a.get(line.path)
			if line.request == nil {
				line.request = func(_, _ int) []byte { return same }
			}
			bare := limit.Serve(t, a.answer(t, line.path), "GOMAXPROCS=1")
			pin(t, bare.PID, coreOfServer)
			ours := a.target(t, line.request)
			both := r.byTurns(
				func() sample {
					a.readAll(t)
					return ours.measure(t, r.turn)
				},
				func() sample {
					return target{
						cpu: func() time.Duration { return systemtest.CPU(t, bare.PID) }, addr: bare.Addr,
						connections: manyClients, status: http.StatusOK, request: line.request,
					}.measure(t, r.turn)
				})
			r.took(t, both.cpu(report.Figure{
				Name: line.name, What: line.what, Goal: line.least,
				Limit: "a bare `net/http` handler that writes the same bytes and headers; CPU of the server",
			}))
			a.profile(t, ours, r.turn, line.name)
		})
	}
}

// manyClients ask at once.
const manyClients = 64

// target asks the program.
func (a *api) target(t *testing.T, request func(connection, n int) []byte) target {
	t.Helper()
	return target{
		cpu: func() time.Duration { return systemtest.CPU(t, a.pid) }, addr: a.addr,
		connections: manyClients, status: http.StatusOK, request: request,
	}
}
