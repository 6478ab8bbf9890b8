package fetch_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/safehttp/safehttptest"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("spoke %s", r.Proto)
		}
		_, _ = io.WriteString(rw, "picture")
	}))
	secure.EnableHTTP2 = true
	startTLS(t, secure)
	old := httptest.NewUnstartedServer(secure.Config.Handler)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	startTLS(t, old)

	handshake := func(c *fetch.Config) { c.TLSTimeout = soon }
	serverHello := "\x16\x03\x03\x3f\xff"
	for _, c := range []struct {
		name   string
		server *httptest.Server
		talk   func(net.Conn) // where there is no server
		host   string         // example.com is the certificate's
		trust  bool
		limit  func(*fetch.Config)
		want   fault.Reason
	}{
		{"trusted", secure, nil, "example.com", true, nil, ""},
		{"not trusted", secure, nil, "example.com", false, nil, fault.SourceUnreachable},
		{"another name", secure, nil, "good.test", true, nil, fault.SourceUnreachable},
		{"too old", old, nil, "example.com", true, nil, fault.SourceUnreachable},
		{"no TLS", nil, say(ok + "\r\n"), "example.com", true, nil, fault.SourceUnreachable},
		{"garbage", nil, say("\x16\x03\x01\xff\xff garbage"), "example.com", true, nil, fault.SourceUnreachable},
		{"hangs up", nil, say(""), "example.com", true, nil, fault.SourceUnreachable},
		{"resets", nil, reset(""), "example.com", true, nil, fault.SourceUnreachable},
		{"silent", nil, hang(""), "example.com", true, handshake, fault.SourceTimeout},
		{"dripping", nil, drip(serverHello, "\x02"), "example.com", true, handshake, fault.SourceTimeout},
		{"dripping, the whole", nil, drip(serverHello, "\x02"), "example.com", true, whole, fault.SourceTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			n.DNS.Put("example.com", safehttptest.Addresses("127.0.0.1"))
			if c.trust {
				n.Roots.AddCert(secure.Certificate())
			}
			var addr net.Addr
			if c.server != nil {
				addr = c.server.Listener.Addr()
			} else {
				addr = n.serveRaw(t, func(conn net.Conn) {
					_, _ = conn.Read(make([]byte, 1)) // the client has begun
					c.talk(conn)
				})
			}
			base := strings.Replace(n.Add(addr, "https"), "good.test", c.host, 1)
			cfg := limits()
			if c.limit != nil {
				c.limit(&cfg)
			}
			body, err := n.fetcher(t, cfg).Fetch(t.Context(), base)
			switch {
			case c.want != "":
				wantReason(t, c.name, err, c.want)
			case err != nil || string(body) != "picture":
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

func startTLS(t *testing.T, server *httptest.Server) {
	t.Helper()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // handshakes fail on purpose
	server.StartTLS()
	t.Cleanup(server.Close)
}
