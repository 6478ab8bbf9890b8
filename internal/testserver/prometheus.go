package testserver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Promtool runs Prometheus's own tool with the arguments, and returns what it prints and whether it
// found nothing wrong.
func Promtool(tb testing.TB, args ...string) (output string, ok bool) {
	tb.Helper()
	program, err := ofPrometheus("promtool")
	check(tb, err)
	out, err := exec.CommandContext(tb.Context(), program, args...).CombinedOutput()
	return string(out), err == nil
}

// Prometheus starts a Prometheus with the configuration, for this test alone, and returns its URL.
func Prometheus(tb testing.TB, config string) string {
	tb.Helper()
	return own(tb, &engine{create: func() (*Server, error) { return newPrometheus(config) }}).url
}

func newPrometheus(config string) (*Server, error) {
	program, err := ofPrometheus("prometheus")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("prometheus")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	return &Server{
		name: "Prometheus", addr: addr, url: "http://" + addr, folder: folder, endSignal: "TERM",
		argv: []string{
			program, "--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(folder, "data"),
			"--web.listen-address=" + addr, "--log.level=warn",
		},
		ready: func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/-/ready", http.NoBody)
			if err != nil {
				return err
			}
			return call(request)
		},
	}, nil
}

func ofPrometheus(name string) (string, error) {
	if program, ok := lookup(name, "/opt/homebrew/bin", "/usr/local/bin"); ok {
		return program, nil
	}
	return "", &missingError{fmt.Sprintf("Prometheus (%s)", name), "prometheus", "prometheus"}
}
