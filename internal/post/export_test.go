package post

import "vitrine.dev/internal/safehttp"

// NewFor returns a Sender with the ports, isolated by the function.
func NewFor(ports []uint16, isolate func(*safehttp.Transport)) *Sender {
	cfg := safehttp.DefaultConfig()
	cfg.Ports = append(cfg.Ports, ports...)
	s := &Sender{safehttp.New(cfg)}
	isolate(s.transport)
	return s
}
