package e2e_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestSharedByAPIs: two APIs on the same servers are one: a limit on requests holds for both
// together, an idempotency key creates once, and what is sent to one external id at once is
// one product.
func TestSharedByAPIs(t *testing.T) {
	t.Parallel()
	const quota, sent = 100, 400
	env := systemtest.SharedServers(t)
	env["AUTH"], env["RATE_LIMIT_PER_KEY"] = "on", strconv.Itoa(quota)
	systemtest.Run(t, "migrate", env)
	apis := []systemtest.Client{systemtest.Start(t, "api", env).Client(), systemtest.Start(t, "api", env).Client()}
	newKey := func(name string) string {
		return key(t, systemtest.Run(t, "keys create --user 1 --name "+name+" --scope products:read,products:write", env))
	}
	// each sends n requests, half of them to each API, eight at once, and counts the answers.
	each := func(n int, send func(c systemtest.Client, i int) int) map[int]int {
		var mu sync.Mutex
		statuses := map[int]int{}
		var all sync.WaitGroup
		next := make(chan int)
		for range 8 {
			all.Go(func() {
				for i := range next {
					status := send(apis[i%2], i)
					mu.Lock()
					statuses[status]++
					mu.Unlock()
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		all.Wait()
		return statuses
	}
	request := func(c systemtest.Client, secret, method, path, body string, more ...string) (int, string) {
		headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + secret}
		for i := 0; i < len(more); i += 2 {
			headers[more[i]] = more[i+1]
		}
		got, answer := c.Do(method, path, headers, body)
		return got.StatusCode, string(answer)
	}

	const lamp = `{"product_name":"Lamp","product_price":1}`
	once := newKey("once")
	var mu sync.Mutex
	answers := map[string]bool{}
	created := each(20, func(c systemtest.Client, _ int) int {
		status, answer := request(c, once, http.MethodPost, "/products", lamp, "Idempotency-Key", "k")
		mu.Lock()
		defer mu.Unlock()
		answers[answer] = true
		return status
	})
	if created[http.StatusCreated] != 20 || len(answers) != 1 {
		t.Errorf("under one idempotency key: %v, %v", created, answers)
	}
	put := each(20, func(c systemtest.Client, _ int) int {
		status, _ := request(c, once, http.MethodPut, "/products/external/SKU", lamp)
		return status
	})
	if put[http.StatusCreated] != 1 || put[http.StatusOK] != 19 {
		t.Errorf("to one external id: %v", put)
	}

	for { // until it is within one minute: the next has a quota of its own
		limited, minute := newKey("limited"), time.Now().Truncate(time.Minute)
		got := each(sent, func(c systemtest.Client, _ int) int {
			status, _ := request(c, limited, http.MethodGet, "/products?limit=1", "")
			return status
		})
		if !time.Now().Truncate(time.Minute).Equal(minute) {
			continue
		}
		answered, refused := got[http.StatusOK], got[http.StatusTooManyRequests]
		if answered+refused != sent || answered < quota || answered > quota+2*quota/10 {
			t.Errorf("of %d requests %d were answered, with a quota of %d and two APIs: %v", sent, answered, quota, got)
		}
		return
	}
}
