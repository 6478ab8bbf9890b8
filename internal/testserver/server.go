package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds how long a server may take until it answers. RabbitMQ
// needs ten seconds on a quiet machine with two cores.
const startTimeout = 2 * time.Minute

// Server is one private server process. Its port and its data stay the same
// over Kill and Start. The methods are for one test at a time.
type Server struct {
	name      string
	addr      string // host:port
	url       string // with credentials, as a client wants it
	folder    string
	bus       string // the port by which the nodes of a Redis Cluster talk
	endSignal string // what ends it quickly and in order
	argv, env []string
	as        *syscall.Credential // nil: as this process
	ready     func(context.Context) error
	proc      *process
}

// Addr returns host:port.
func (s *Server) Addr() string { return s.addr }

// URL returns the address with credentials as clients take it: a DSN for
// PostgreSQL, amqp:// for RabbitMQ, http:// for S3, redis:// for Redis.
func (s *Server) URL() string { return s.url }

// Folder returns where the server keeps its data; it goes with the server.
func (s *Server) Folder() string { return s.folder }

// Start starts a killed server on the same port and data and returns when it
// answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server and all its processes at once (SIGKILL), like a power
// cut of its host, and returns when it is gone. What it had written to its
// files stays.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	if err := s.proc.signal(syscall.SIGKILL); err != nil {
		tb.Fatalf("kill %s: %v", s.name, err)
	}
	<-s.proc.done
}

// Stop freezes the server (SIGSTOP): connections stay open, nothing answers.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.proc.signal(syscall.SIGSTOP); err != nil {
		tb.Fatalf("stop %s: %v", s.name, err)
	}
}

// Cont lets a frozen server go on.
func (s *Server) Cont(tb testing.TB) {
	tb.Helper()
	if err := s.proc.signal(syscall.SIGCONT); err != nil {
		tb.Fatalf("continue %s: %v", s.name, err)
	}
}

// start launches the process and polls until it answers. An early exit is
// tried again within the time: the port or PostgreSQL's shared memory of a
// killed predecessor may be taken for a moment longer.
func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	for range 5 {
		s.proc, err = launch(s.folder, s.endSignal, s.argv, s.env, s.as)
		if err != nil {
			break
		}
		if err = s.await(ctx); err == nil {
			return nil
		}
		if !errors.Is(err, errExited) {
			break
		}
	}
	return fmt.Errorf("%s did not start: %w\n%s", s.name, err, s.logTail())
}

var errExited = errors.New("the server ended by itself")

func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	err := errors.New("not asked yet")
	for {
		select {
		case <-s.proc.done:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("%w; last answer: %w", ctx.Err(), err)
		case <-tick.C:
			attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
			err = s.ready(attempt)
			cancel()
			if err == nil {
				return nil
			}
		}
	}
}

// close ends the server, whatever state it is in, and removes its folder.
func (s *Server) close() {
	if s.proc != nil {
		s.proc.close()
	}
	_ = os.RemoveAll(s.folder)
}

func (s *Server) logTail() string {
	log, err := os.ReadFile(filepath.Join(s.folder, "server.log"))
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-2000):])
}

// call makes one request on a connection of its own, past any proxy of the
// environment, and turns an answer other than 2xx into an error.
func call(request *http.Request) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
	return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, response.Status, text)
}
