package cost_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/systemtest"
)

// What the issue of this limit measured: a create of 150 µs where a bare handler
// costs 13 µs.
const mostOverBare = 150.0 / 13

const body = `{"user_id": 1, "product_name": "Smartphone", "product_price": 999.99,
	"product_description": "Latest model with advanced features",
	"product_images": ["https://example.com/image1.jpg", "https://example.com/image2.jpg"]}`

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// least is the answer of a handler that costs the least that a create could cost in Go: it reads the body,
// decodes nothing, and answers as long.
func least() limit.Answer {
	return limit.Answer{
		Status: http.StatusCreated,
		Header: http.Header{"Location": {"/products/1"}, "Content-Type": {"application/json"}},
		Body:   []byte(`{"message":"The product was created; its images are processed in the background.","product_id":1}`),
	}
}

// TestAPI: the API's own CPU for each create, with all servers, beside a bare
// handler in a process of its own.
func TestAPI(t *testing.T) {
	d := turn(t)
	env := systemtest.SharedServers(t)
	env["LOG_LEVEL"], env["ADMIN_ADDR"] = "info", "off"
	systemtest.Run(t, "migrate", env)
	api := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "api", Env: env}).Launch()
	url := api.URL() + "/products"

	bare := limit.Serve(t, least())

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}
	post := func(ctx context.Context, url string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusCreated || !json.Valid(text) {
			return fmt.Errorf("%d %s, %w", answer.StatusCode, text, err)
		}
		return nil
	}
	var ours, bares, ratios []float64
	for range rounds {
		before := systemtest.CPU(t, api.PID())
		n := repeat(t, d, func(ctx context.Context, _, _ int) error { return post(ctx, url) })
		mine := micros(systemtest.CPU(t, api.PID())-before, n)
		before = systemtest.CPU(t, bare.PID)
		m := repeat(t, d, func(ctx context.Context, _, _ int) error { return post(ctx, "http://"+bare.Addr) })
		theirs := micros(systemtest.CPU(t, bare.PID)-before, m)
		ours, bares, ratios = append(ours, mine), append(bares, theirs), append(ratios, mine/theirs)
		t.Logf("create %.0f µs of %d, bare handler %.1f µs of %d: %.1f", mine, n, theirs, m, mine/theirs)
	}
	atMost(t, median(ratios), mostOverBare, "API CPU per create, %.0f µs, as a multiple of a bare handler, %.1f µs", median(ours), median(bares))
}
