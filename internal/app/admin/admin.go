// Package admin answers on the address for operators.
package admin

import (
	"net/http"
	"net/http/pprof"
	"time"
)

// Handler serves health, the metrics at /metrics and, where profiles says so, those of net/http/pprof
// below /debug/pprof/.
func Handler(health, metrics http.Handler, profiles bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", health)
	mux.Handle("GET /metrics", metrics)
	if profiles {
		mux.HandleFunc("GET /debug/pprof/", unhurried(pprof.Index))
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", unhurried(pprof.Profile))
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", unhurried(pprof.Trace))
	}
	return mux
}

// unhurried lets the handler take as long as the client asks for: the server's time-outs are shorter. The end of
// the time to read would end the context of the request.
func unhurried(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Time{}) // without a connection there is none
		_ = c.SetWriteDeadline(time.Time{})
		next(w, r)
	}
}
