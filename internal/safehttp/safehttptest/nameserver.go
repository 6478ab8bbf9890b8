package safehttptest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// The types and codes of RFC 1035 that are needed.
const (
	typeA    = 1
	typeAAAA = 28

	CodeServerFailure = 2
	codeNoSuchName    = 3
)

// Answer is what a name server says.
type Answer struct {
	Addrs  []netip.Addr
	Code   byte // of the reply; 0 is success
	Silent bool // no reply at all
}

// Addresses is an answer with addresses of both kinds.
func Addresses(texts ...string) Answer {
	var a Answer
	for _, text := range texts {
		a.Addrs = append(a.Addrs, netip.MustParseAddr(text))
	}
	return a
}

// NameServer answers with what the test has put in, one answer after the
// other, the last one for ever. Unknown names do not exist.
type NameServer struct {
	conn    net.PacketConn
	mu      sync.Mutex
	answers map[string][]Answer
}

func newNameServer(t *testing.T) *NameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	s := &NameServer{conn: conn, answers: map[string][]Answer{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve()
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

// Put sets the answers for a name, one after the other, the last one for ever.
func (s *NameServer) Put(name string, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[name] = answers
}

func (s *NameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *NameServer) serve() {
	buffer := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if reply := s.reply(buffer[:n]); reply != nil {
			_, _ = s.conn.WriteTo(reply, from)
		}
	}
}

// reply answers the one question of a query.
func (s *NameServer) reply(query []byte) []byte {
	const header = 12
	if len(query) < header {
		return nil
	}
	var labels []string
	at := header
	for at < len(query) && query[at] != 0 {
		end := at + 1 + int(query[at])
		labels = append(labels, string(query[at+1:end]))
		at = end
	}
	question := query[header : at+5] // the root label, type and class
	kind := binary.BigEndian.Uint16(question[len(question)-4:])
	a := s.next(strings.ToLower(strings.Join(labels, ".")), kind)
	if a.Silent {
		return nil
	}
	var records [][]byte
	for _, addr := range a.Addrs {
		if addr.Is4() == (kind == typeA) {
			records = append(records, addr.AsSlice())
		}
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80 | a.Code, 0, 1, 0, byte(len(records)), 0, 0, 0, 0}, question...)
	for _, data := range records {
		reply = append(reply, 0xc0, header, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(data)))
		reply = append(reply, data...)
	}
	return reply
}

// next moves on only with a question for IPv4 addresses: a look-up asks for
// both kinds.
func (s *NameServer) next(name string, kind uint16) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := s.answers[name]
	if len(answers) == 0 {
		return Answer{Code: codeNoSuchName}
	}
	if kind == typeA && len(answers) > 1 {
		s.answers[name] = answers[1:]
	}
	return answers[0]
}
