package systemtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testserver"
)

// Installation is the whole program, in one process or as one API and two workers on
// servers of its own.
type Installation struct {
	API     string      // base URL
	Servers *OwnServers // nil: everything is embedded

	t       *testing.T
	env     map[string]string
	running []*Process
}

// Embedded prepares one process with everything in it.
func Embedded(t *testing.T, env map[string]string) *Installation {
	t.Helper()
	return newInstallation(t, nil, env, map[string]string{"DATA_DIR": t.TempDir()})
}

// Distributed prepares an API and two workers on PostgreSQL, Redis, RabbitMQ and S3.
func Distributed(t *testing.T, env map[string]string) *Installation {
	t.Helper()
	servers := NewServers(t)
	return newInstallation(t, servers, env, servers.Env())
}

func newInstallation(t *testing.T, servers *OwnServers, extra, env map[string]string) *Installation {
	t.Helper()
	addr := testserver.Address(t)
	maps.Copy(env, map[string]string{"HTTP_ADDR": addr, "LOG_LEVEL": "warn", "DRAIN_TIMEOUT": "2s"})
	maps.Copy(env, extra)
	in := &Installation{API: "http://" + addr, Servers: servers, t: t, env: env}
	Run(t, "migrate", env)
	return in
}

// Start starts a variant of it, and returns when all of it is ready.
func (in *Installation) Start(v Variant) {
	in.t.Helper()
	roles := []string{"serve"}
	if in.Servers != nil {
		roles = []string{"api", "worker", "worker"}
	}
	var ready []string
	for _, role := range roles {
		env := maps.Clone(in.env)
		env["ADMIN_ADDR"] = testserver.Address(in.t)
		in.running = append(in.running, StartVariant(in.t, v, role, env))
		ready = append(ready, "http://"+env["ADMIN_ADDR"])
	}
	for _, url := range ready {
		AwaitReady(in.t, url)
	}
}

// Stop stops what runs, so that another variant can be started.
func (in *Installation) Stop() {
	in.t.Helper()
	for _, p := range in.running {
		p.Stop()
	}
	in.running = nil
}

// AddUsers adds so many users and returns their ids.
func (in *Installation) AddUsers(n int) (ids []int64) {
	in.t.Helper()
	store, err := in.open()
	if err != nil {
		in.t.Fatal(err)
	}
	defer store.Close()
	for i := range n {
		user, err := store.AddUser(in.t.Context(), auth.UserDraft{Name: "User " + strconv.Itoa(i)}, auth.Entry{})
		if err != nil {
			in.t.Fatal(err)
		}
		ids = append(ids, user.ID)
	}
	return ids
}

func (in *Installation) open() (*sqlstore.Store, error) {
	log := slog.New(slog.DiscardHandler)
	if in.Servers == nil {
		return sqlstore.OpenSQLite(in.t.Context(), filepath.Join(in.env["DATA_DIR"], "vitrine.db"), log)
	}
	port, err := strconv.ParseUint(in.env["DB_PORT"], 10, 16)
	if err != nil {
		return nil, err
	}
	return sqlstore.OpenPostgres(in.t.Context(), sqldb.PostgresConfig{
		Host: in.env["DB_HOST"], Port: uint16(port), User: in.env["DB_USER"], Password: in.env["DB_PASSWORD"],
		Name: in.env["DB_NAME"], SSLMode: "disable", MaxConns: 2,
	}, log)
}

// Create posts a product of the user with the images and returns its id. It may be
// called by any goroutine.
func (in *Installation) Create(ctx context.Context, user int64, urls []string) (id int64, err error) {
	body, err := json.Marshal(map[string]any{
		"user_id": user, "product_name": "One of many", "product_description": "Posted by a test",
		"product_price": "1.00", "product_images": urls,
	})
	if err != nil {
		return 0, err
	}
	var created wire.Created
	err = in.send(ctx, http.MethodPost, "/products", "application/json", body, http.StatusCreated, &created)
	return created.ProductID, err
}

// Import posts NDJSON of the user's products and returns the import that was made of it.
func (in *Installation) Import(ctx context.Context, user int64, lines []byte) (i wire.Import, err error) {
	err = in.send(ctx, http.MethodPost, fmt.Sprintf("/imports?user_id=%d", user), "application/x-ndjson", lines, http.StatusAccepted, &i)
	return i, err
}

// ImportNow returns how far an import is.
func (in *Installation) ImportNow(ctx context.Context, id int64) (i wire.Import, err error) {
	err = in.send(ctx, http.MethodGet, fmt.Sprintf("/imports/%d", id), "", nil, http.StatusOK, &i)
	return i, err
}

// Await polls the product until done says so of its images, for at most so long, and
// returns them.
func (in *Installation) Await(ctx context.Context, id int64, limit time.Duration, done func([]wire.Image) bool) ([]wire.Image, error) {
	began := time.Now()
	for {
		var p wire.Product
		if err := in.send(ctx, http.MethodGet, fmt.Sprintf("/products/%d", id), "", nil, http.StatusOK, &p); err != nil {
			return nil, err
		}
		waited := time.Since(began)
		if done(p.Images) || waited > limit {
			return p.Images, nil
		}
		select {
		case <-time.After(min(max(waited/20, 10*time.Millisecond), time.Second)):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (in *Installation) send(ctx context.Context, method, path, contentType string, body []byte, status int, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, in.API+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != status {
		return fmt.Errorf("%s %s answered %s: %s", method, path, resp.Status, answer)
	}
	return json.Unmarshal(answer, into)
}
