package sqlstore_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// behindProxy opens a migrated PostgreSQL through a proxy that can fail.
func behindProxy(t *testing.T) (*sqlstore.Store, *testserver.TCPProxy) {
	t.Helper()
	cfg := storetest.PostgresConfig(t, testserver.Postgres(t))
	proxy := testserver.Proxy(t, net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))))
	cfg.Port = portOf(t, proxy.Addr())
	s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return ready(t, s), proxy
}

func portOf(t *testing.T, addr string) uint16 {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

// soon calls do until it succeeds.
func soon(t *testing.T, what string, do func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		err := do(ctx)
		if err == nil {
			return
		}
		if fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s, in vain: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestPostgresIsUnavailableAndReturns(t *testing.T) {
	t.Parallel()
	s, proxy := behindProxy(t)
	woken := s.Wake(t.Context())
	p, err := s.CreateProduct(t.Context(), phone())
	if err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	started := time.Now()
	for what, do := range map[string]func() error{
		"ping":     func() error { return s.Ping(t.Context()) },
		"check":    func() error { return s.CheckSchema(t.Context()) },
		"read":     func() error { _, err := s.Product(t.Context(), p.ID); return err },
		"create":   func() error { _, err := s.CreateProduct(t.Context(), phone()); return err },
		"delete":   func() error { _, err := s.DeleteProduct(t.Context(), p.ID, storetest.Unchecked); return err },
		"dispatch": func() error { _, err := s.DispatchStep(t.Context(), idle, nothing); return err },
	} {
		if err := do(); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s of an unavailable server: %v of kind %s", what, err, fault.KindOf(err))
		}
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %v to say so", took)
	}
	proxy.Restore()
	soon(t, "read after its return", func(ctx context.Context) error {
		_, err := s.Product(ctx, p.ID)
		return err
	})
	// The listener returns too: it wakes once for what it may have missed.
	for len(woken) > 0 {
		<-woken
	}
	select {
	case <-woken:
	case <-time.After(20 * time.Second):
		t.Error("no one listens after the server's return")
	}
}

func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	s, proxy := behindProxy(t)
	p, err := s.CreateProduct(t.Context(), phone())
	if err != nil {
		t.Fatal(err)
	}
	proxy.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.Product(ctx, p.ID); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("read of a server that hangs: %v of kind %s", err, fault.KindOf(err))
	}
	proxy.Resume()
	soon(t, "read after it woke up", func(ctx context.Context) error {
		_, err := s.Product(ctx, p.ID)
		return err
	})
}

// TestPostgresAnswersGetLost commits what the client cannot know to be
// committed: the error says unavailable, and nothing is half there.
func TestPostgresAnswersGetLost(t *testing.T) {
	t.Parallel()
	s, proxy := behindProxy(t)
	p, err := s.CreateProduct(t.Context(), phone())
	if err != nil {
		t.Fatal(err)
	}
	proxy.StallReplies()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.DeleteProduct(ctx, p.ID, storetest.Unchecked); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("delete without an answer: %v of kind %s", err, fault.KindOf(err))
	}
	proxy.Cut()
	proxy.Resume()
	proxy.Restore()
	soon(t, "read after the cut", func(ctx context.Context) error {
		got, err := s.Product(ctx, p.ID)
		if err == nil && len(got.Images) != 2 {
			t.Errorf("half a product is left: %+v", got)
		}
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
}

func TestPostgresDownAtTheStart(t *testing.T) {
	t.Parallel()
	cfg := storetest.PostgresConfig(t, testserver.Postgres(t))
	proxy := testserver.Proxy(t, net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))))
	cfg.Port = portOf(t, proxy.Addr())
	proxy.Cut()
	s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("open while the server is down: %v", err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Migrate(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("migrate: %v of kind %s", err, fault.KindOf(err))
	}
	proxy.Restore()
	soon(t, "migrate once it is up", func(ctx context.Context) error {
		_, err := s.Migrate(ctx)
		return err
	})
}

func TestPostgresConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	_, err := sqlstore.OpenPostgres(t.Context(), sqldb.PostgresConfig{
		Host: "localhost", Port: 5432, Password: "secret", SSLMode: "nonsense",
	}, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("an SSL mode that does not exist was accepted")
	}
}

func TestWakeByAnotherProcess(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	wakesTheOther(t, openPostgres(t, dsn), openPostgres(t, dsn))
}

// wakesTheOther commits at one store what readers of the other must hear of, and
// dispatchers must not: each looks after what its own process has changed.
func wakesTheOther(t *testing.T, here, there *sqlstore.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	woken, own := here.Wake(ctx), here.WakeOwn(ctx)
	deadline := time.After(20 * time.Second)
	for heard := 0; heard < 3; { // the first may be of the listening itself
		if _, err := there.CreateProduct(t.Context(), phone()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
			heard++
		case <-time.After(time.Second): // it may not yet have listened
		case <-deadline:
			t.Fatalf("heard of %d commits", heard)
		}
	}
	select {
	case <-own:
		t.Error("a dispatcher was woken by another process")
	default:
	}
}

func TestClosedStore(t *testing.T) {
	t.Parallel()
	s, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, testserver.Postgres(t)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}
