package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// target is a server that is asked, over connections that stay open.
type target struct {
	cpu         func() time.Duration // that what is measured has used
	addr        string
	connections int
	status      int // of its answers
	// request returns the n-th request of a connection, whole.
	request func(connection, n int) []byte
}

// measure sends requests, each connection one after the other, for so long after a warm-up, and
// returns what they have cost the server.
func (to target) measure(t *testing.T, d time.Duration) sample {
	t.Helper()
	to.send(t, d/5)
	before := to.cpu()
	began := time.Now()
	took := to.send(t, d)
	seconds := time.Since(began).Seconds()
	cpu := to.cpu() - before
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))]) / float64(time.Millisecond)
	}
	return sample{
		CPU: float64(cpu.Microseconds()) / float64(len(took)), Throughput: float64(len(took)) / seconds, P99: at(0.99),
	}
}

// send returns how long each request took.
func (to target) send(t *testing.T, d time.Duration) []time.Duration {
	t.Helper()
	var group errgroup.Group
	each := make([][]time.Duration, to.connections)
	end := time.Now().Add(d)
	for c := range to.connections {
		group.Go(func() (err error) {
			each[c], err = to.connection(t.Context(), c, end)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(each...)
	if len(all) == 0 {
		t.Fatal("nothing was answered: this shows nothing")
	}
	return all
}

func (to target) connection(ctx context.Context, c int, end time.Time) (took []time.Duration, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	for n := 0; ; n++ {
		began := time.Now()
		if began.After(end) {
			return took, nil
		}
		if _, err := conn.Write(to.request(c, n)); err != nil {
			return nil, fmt.Errorf("send: %w", err)
		}
		if err := readAnswer(in, to.status); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
}

// readAnswer reads an answer of that status with a Content-Length and leaves it. A client of net/http would cost
// more than most servers here.
func readAnswer(in *bufio.Reader, status int) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if !bytes.HasPrefix(line, fmt.Appendf(nil, "HTTP/1.1 %d ", status)) {
		head := string(line)
		rest, _ := in.Peek(in.Buffered())
		return fmt.Errorf("answered %s%s", head, rest)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && strings.EqualFold(string(name), "Content-Length") {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return fmt.Errorf("read: %w", err)
			}
		}
	}
	if length < 0 {
		return errors.New("an answer has no Content-Length")
	}
	if _, err := in.Discard(length); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
