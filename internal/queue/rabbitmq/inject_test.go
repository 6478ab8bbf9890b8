package rabbitmq_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// TestBlocked: a broker that is short of memory or disk tells publishers to
// stop. Publish then fails instead of waiting for better times.
func TestBlocked(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	injector := inject(t, proxy.Addr())
	setAddress(t, &cfg, injector.addr)
	q := open(t, cfg)
	publish(t, q, queue.Message{ID: "before"})

	injector.method(t, 60, "\x0alow memory") // connection.blocked
	eventually(t, "ping to report it", func() bool { return fault.KindOf(q.Ping(t.Context())) == fault.Unavailable })
	if err := q.Publish(t.Context(), queue.Message{ID: "blocked"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("publish while blocked: %v", err)
	}
	injector.method(t, 61, "") // connection.unblocked
	eventually(t, "ping to succeed", func() bool { return q.Ping(t.Context()) == nil })
	if err := q.Publish(t.Context(), queue.Message{ID: "after"}); err != nil {
		t.Errorf("publish after it: %v", err)
	}
}

// TestChannelClosedByBroker: the broker closes a channel on which a message
// waits too long for its acknowledgement. The message is redelivered.
func TestChannelClosedByBroker(t *testing.T) {
	t.Parallel()
	cfg, proxy, _ := proxied(t)
	injector := inject(t, proxy.Addr())
	consumerConfig := cfg
	setAddress(t, &consumerConfig, injector.addr)
	begun, release := make(chan struct{}, 8), make(chan struct{})
	consume(t, open(t, consumerConfig), 2, func(context.Context, queue.Message) error {
		begun <- struct{}{}
		<-release
		return nil
	})
	publish(t, open(t, cfg), queue.Message{ID: "m"})
	receive(t, begun, "the message")
	injector.closeChannel(t)
	receive(t, begun, "the message to be redelivered")
	close(release)
}

// injector passes connections on, and can say something in the broker's name.
type injector struct {
	addr string

	mu       sync.Mutex
	client   net.Conn // of the latest connection
	delivery uint16   // the channel of the latest delivery
}

func inject(t *testing.T, target string) *injector {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	i := &injector{addr: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			i.mu.Lock()
			i.client = client
			i.mu.Unlock()
			go func() {
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}()
			go i.passFrames(client, server)
		}
	}()
	return i
}

// passFrames passes whole frames, so that others fit between them.
func (i *injector) passFrames(client, server net.Conn) {
	defer client.Close()
	header := make([]byte, 7) // type, channel, size
	for {
		if _, err := io.ReadFull(server, header); err != nil {
			return
		}
		frame := make([]byte, len(header)+int(binary.BigEndian.Uint32(header[3:]))+1)
		copy(frame, header)
		if _, err := io.ReadFull(server, frame[len(header):]); err != nil {
			return
		}
		i.mu.Lock()
		if bytes.HasPrefix(frame[7:], []byte{0, 60, 0, 60}) { // basic.deliver
			i.delivery = binary.BigEndian.Uint16(frame[1:])
		}
		_, err := client.Write(frame)
		i.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// closeChannel sends channel.close, as for a precondition that failed, on the
// channel of the latest delivery.
func (i *injector) closeChannel(t *testing.T) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.send(t, i.delivery, 20, 40, "\x01\x96\x07timeout\x00\x00\x00\x00")
}

// method sends a method of the connection class.
func (i *injector) method(t *testing.T, id uint16, arguments string) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.send(t, 0, 10, id, arguments)
}

func (i *injector) send(t *testing.T, channel, class, id uint16, arguments string) {
	t.Helper()
	frame := binary.BigEndian.AppendUint16([]byte{1}, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(4+len(arguments)))
	frame = binary.BigEndian.AppendUint16(frame, class)
	frame = binary.BigEndian.AppendUint16(frame, id)
	frame = append(append(frame, arguments...), 0xce)
	if _, err := i.client.Write(frame); err != nil {
		t.Fatal(err)
	}
}
