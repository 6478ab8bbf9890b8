package burst_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// system is one API and two workers on servers of their own.
type system struct {
	t       *testing.T
	api     string // base URL
	servers *systemtest.OwnServers
}

func newSystem(t *testing.T) *system {
	t.Helper()
	sys := &system{t: t, servers: systemtest.NewServers(t)}
	env, addr := sys.servers.Env(), systemtest.FreeAddress(t)
	maps.Copy(env, map[string]string{
		"HTTP_ADDR": addr, "LOG_LEVEL": "warn", "FETCH_TIMEOUT": "5s",
		"JOB_MAX_AGE": "1m", "JOB_BACKOFF": "500ms", "JOB_BACKOFF_CAP": "10s",
	})
	systemtest.Run(t, "migrate", env)
	for _, role := range []string{"api", "worker", "worker"} {
		systemtest.Start(t, role, env)
	}
	sys.api = "http://" + addr
	systemtest.AwaitReady(t, sys.api)
	return sys
}

// create makes a product with the images.
func (sys *system) create(ctx context.Context, urls []string) error {
	body, err := json.Marshal(map[string]any{
		"user_id": 1, "product_name": "Burst", "product_description": "One of many", "product_price": "1.00", "product_images": urls,
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sys.api+"/products", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("create answered %s", resp.Status)
	}
	return nil
}
