package fetch_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"vitrine.dev/internal/fault"
)

// When the caller leaves, the caller's context is what is returned, at whatever
// point of the download, and never the cause that the caller gave it.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	cause := fault.Fail(fault.DecoderCrashed, "Not this.", nil)
	for name, talk := range map[string]func(net.Conn){
		"before the header": hang(""), "in the header": hang(ok + "Content-Le"),
		"before the body": hang(ok + "\r\n"), "in the body": hang(ok + "\r\npict"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			reached := make(chan struct{}, 10)
			base := n.Add(n.serveRaw(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					reached <- struct{}{}
					talk(conn)
				}
			}), "http")
			f := n.fetcher(t, limits())

			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-reached
				cancel(cause)
			}()
			_, err := f.Fetch(ctx, base)
			wantCaller(t, err, context.Canceled)
			_, err = f.Fetch(ctx, base) // gone before it began
			wantCaller(t, err, context.Canceled)

			late, stop := context.WithTimeoutCause(t.Context(), soon, cause)
			defer stop()
			_, err = f.Fetch(late, base)
			wantCaller(t, err, context.DeadlineExceeded)
		})
	}
}

func wantCaller(t *testing.T, err, want error) {
	t.Helper()
	if _, failed := fault.FailureOf(err); failed || !errors.Is(err, want) {
		t.Errorf("got %v, want %v and no failure", err, want)
	}
}
