package testserver

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// OwnRedisTLS starts a Redis for this test alone that speaks only TLS.
func OwnRedisTLS(tb testing.TB, c Certificates) *Server {
	tb.Helper()
	return own(tb, &engine{create: func() (*Server, error) {
		server, err := newRedis()
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(server.addr)
		if err != nil {
			return nil, err
		}
		server.argv = append(server.argv, "--port", "0", "--tls-port", port,
			"--tls-cert-file", c.Cert, "--tls-key-file", c.Key, "--tls-ca-cert-file", c.CA, "--tls-auth-clients", "no")
		server.ready = func(ctx context.Context) error { return answers(ctx, server.addr) }
		return server, nil
	}})
}

// OwnRabbitMQTLS starts a RabbitMQ for this test alone whose Addr and URL,
// amqps://, speak only TLS.
func OwnRabbitMQTLS(tb testing.TB, c Certificates) *Server {
	tb.Helper()
	server := own(tb, &engine{create: func() (*Server, error) {
		server, err := newRabbitMQ()
		if err != nil {
			return nil, err
		}
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		server.addr = net.JoinHostPort(loopback, strconv.Itoa(port))
		file, err := os.OpenFile(filepath.Join(server.folder, "rabbitmq.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		_, err = fmt.Fprintf(file, `listeners.ssl.1 = %s
ssl_options.cacertfile = %s
ssl_options.certfile = %s
ssl_options.keyfile = %s
ssl_options.verify = verify_none
`, server.addr, c.CA, c.Cert, c.Key)
		return server, err
	}})
	server.url = "amqps://" + rabbitUser + ":" + rabbitUser + "@" + server.addr + "/"
	return server
}

// OwnPostgresTLS starts a PostgreSQL for this test alone that speaks TLS to
// whoever asks for it; its DSN does.
func OwnPostgresTLS(tb testing.TB, c Certificates) *Server {
	tb.Helper()
	server := own(tb, &engine{create: func() (*Server, error) {
		server, err := newPostgres()
		if err != nil {
			return nil, err
		}
		for from, to := range map[string]string{c.Cert: "server.crt", c.Key: "server.key"} {
			text, err := os.ReadFile(from)
			if err != nil {
				return nil, err
			}
			path := filepath.Join(server.folder, to)
			if err := os.WriteFile(path, text, 0o600); err != nil {
				return nil, err
			}
			if server.as != nil {
				if err := os.Chown(path, int(server.as.Uid), int(server.as.Gid)); err != nil {
					return nil, err
				}
			}
			server.argv = append(server.argv, "-c", map[string]string{"server.crt": "ssl_cert_file=", "server.key": "ssl_key_file="}[to]+path)
		}
		server.argv = append(server.argv, "-c", "ssl=on")
		return server, nil
	}})
	server.url = "postgres://vitrine:vitrine@" + server.addr + "/postgres?sslmode=verify-full&sslrootcert=" + c.CA
	return server
}

// answers reports whether something takes connections.
func answers(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
