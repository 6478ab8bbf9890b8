package systemtest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// EveryAddress serves on all loopback addresses and returns the port: each address is
// a host of its own, which the handler finds in Request.Host.
func EveryAddress(t *testing.T, handler http.Handler) (port string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // those that hang
		server.Close()
	})
	if _, port, err = net.SplitHostPort(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	return port
}
