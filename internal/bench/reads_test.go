package bench_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

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

// embedded starts the program as `vitrine serve` does, with authentication and its access log, on the core
// of servers.
func embedded(t *testing.T) *api {
	t.Helper()
	env := map[string]string{
		"AUTH": "on", "LOG_LEVEL": "info", "GOMAXPROCS": "1", "DATA_DIR": t.TempDir(), "HTTP_ADDR": testserver.Address(t),
		"ADMIN_ADDR": testserver.Address(t), "CACHE_LEASE": "5m", // so that what is measured is read from the cache
	}
	server := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "serve", Env: env, OnLine: func([]byte) {}}).Launch()
	a := &api{pid: server.PID(), addr: env["HTTP_ADDR"], admin: env["ADMIN_ADDR"]}
	systemtest.Eventually(t, "the program", func() bool {
		reply, err := http.Get("http://" + a.addr + "/healthz") //nolint:noctx // ends with its server
		if err == nil {
			_ = reply.Body.Close()
		}
		return err == nil
	})
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
func (a *api) answer(t *testing.T, path string) answer {
	t.Helper()
	found, err := a.read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (a *api) read(ctx context.Context, path string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.addr+path, nil)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("X-Request-Id", "0123456789abcdef")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("%s answered %d %s, %w", path, reply.StatusCode, body, err)
	}
	return answer{Header: reply.Header, Body: body}, nil
}

// fill creates the products, and reads each, so that it is cached.
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
			_, err = a.read(ctx, reply.Header.Get("Location"))
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
	d, rounds := turn(t)
	a := embedded(t)
	a.fill(t)
	random := func(_, _ int) []byte { return a.get(fmt.Sprintf("/products/%d", 1+rand.IntN(products))) }
	const list = "/products?user_id=1&price_min=1&price_max=1000&product_name=phone&limit=20"
	for _, line := range []struct {
		name, profile, path string
		request             func(c, n int) []byte
		least               float64
	}{
		{"one product, one key", "hot", "/products/17", nil, 0.80},
		{"one product, 10,000 random keys", "random", "/products/17", random, 0.76},
		{"list of 20 by price and name", "list", list, nil, 0.75},
	} {
		t.Run(line.name, func(t *testing.T) {
			same := a.get(line.path)
			if line.request == nil {
				line.request = func(_, _ int) []byte { return same }
			}
			pid, addr := bare(t, a.answer(t, line.path))
			ours := target{pid: a.pid, addr: a.addr, request: line.request}
			limit := target{pid: pid, addr: addr, request: line.request}
			compare(t, ours, limit, d, rounds, line.least)
			a.profile(t, ours, d, line.profile)
		})
	}
}
