package testserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis returns host:port of the shared Redis. Tests keep apart by a key
// prefix of their own.
func Redis(tb testing.TB) string {
	tb.Helper()
	return shared(tb, redisEngine).addr
}

// OwnRedis starts a Redis for this test alone. It keeps its data over Kill and
// Start (append-only file).
func OwnRedis(tb testing.TB) *Server {
	tb.Helper()
	return own(tb, redisEngine)
}

func newRedis() (*Server, error) {
	program, ok := lookup("redis-server", "/opt/homebrew/bin", "/usr/local/bin")
	if !ok {
		return nil, &missingError{"redis-server", "redis-server", "redis"}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("redis")
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	return &Server{
		name: "Redis", addr: addr, url: "redis://" + addr, folder: folder, endSignal: "KILL",
		argv: []string{
			program, "--bind", loopback, "--port", strconv.Itoa(port), "--dir", folder,
			"--save", "", "--appendonly", "yes", "--appendfsync", "no",
		},
		ready: func(ctx context.Context) error { return pingRedis(ctx, addr) },
	}, nil
}

func pingRedis(ctx context.Context, addr string) error {
	answer, err := askRedis(ctx, addr, "PING")
	if err == nil && answer != "+PONG" {
		return fmt.Errorf("ping: %q", answer)
	}
	return err
}

// slots is how many hash slots a Redis Cluster has.
const slots = 16384

// OwnRedisCluster starts a Redis Cluster of so many masters for this test
// alone, each with its share of the slots.
func OwnRedisCluster(tb testing.TB, masters int) []*Server {
	tb.Helper()
	nodes := make([]*Server, masters)
	for i := range nodes {
		nodes[i] = own(tb, &engine{create: newRedisNode})
	}
	if err := joinCluster(tb.Context(), nodes); err != nil {
		tb.Fatalf("Redis Cluster: %v", err)
	}
	return nodes
}

func newRedisNode() (*Server, error) {
	server, err := newRedis()
	if err != nil {
		return nil, err
	}
	bus, err := freePort()
	if err != nil {
		return nil, err
	}
	server.bus = strconv.Itoa(bus)
	server.argv = append(server.argv, "--cluster-enabled", "yes", "--cluster-port", server.bus, "--cluster-node-timeout", "5000")
	return server, nil
}

func joinCluster(ctx context.Context, nodes []*Server) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(nodes[0].addr)
	if err != nil {
		return err
	}
	for i, node := range nodes {
		first, last := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		if _, err := askRedis(ctx, node.addr, "CLUSTER ADDSLOTSRANGE "+strconv.Itoa(first)+" "+strconv.Itoa(last)); err != nil {
			return err
		}
		if i > 0 {
			if _, err := askRedis(ctx, node.addr, "CLUSTER MEET "+host+" "+port+" "+nodes[0].bus); err != nil {
				return err
			}
		}
	}
	for _, node := range nodes {
		for {
			info, err := askRedis(ctx, node.addr, "CLUSTER INFO")
			if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(len(nodes))) {
				break
			}
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("%s did not join: %q", node.addr, info), err)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// askRedis sends one command in its inline form and returns the answer.
func askRedis(ctx context.Context, addr, command string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "-") {
		return "", fmt.Errorf("%s: %s", command, line)
	}
	length, bulk := strings.CutPrefix(line, "$")
	if !bulk {
		return line, nil
	}
	n, err := strconv.Atoi(length)
	if err != nil {
		return "", err
	}
	text := make([]byte, n)
	_, err = io.ReadFull(answer, text)
	return string(text), err
}
