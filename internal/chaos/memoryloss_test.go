package chaos_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/systemtest"
)

// cacheFaults make Redis forget, and remember what is long over.
func (in *injector) cacheFaults() []fault {
	server := in.sys.servers.ByPart[systemtest.Cache]
	return []fault{
		{name: "flush the cache", target: systemtest.Cache, begin: in.flush, end: func() {}, limit: 10 * time.Millisecond},
		{
			// What Redis holds now comes back after a moment in which it was
			// changed: within the entries' lease, or they would not count.
			name: "restart the cache with old data", target: systemtest.Cache,
			begin: func() {
				t := in.sys.t
				data := filepath.Join(server.Folder(), "appendonlydir")
				old := filepath.Join(t.TempDir(), "old")
				server.Kill(t)
				copyFolder(in, data, old)
				server.Start(t)
				pause(t.Context(), time.Second)
				server.Kill(t)
				if err := os.RemoveAll(data); err != nil {
					t.Fatal(err)
				}
				copyFolder(in, old, data)
				server.Start(t)
			},
			end: func() {}, limit: 10 * time.Millisecond,
		},
	}
}

func copyFolder(in *injector, from, to string) {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		in.sys.t.Errorf("copy the cache's data: %v", err)
	}
}

func (in *injector) flush() {
	conn, err := net.DialTimeout("tcp", in.sys.servers.ByPart[systemtest.Cache].Addr(), time.Second) //nolint:noctx // has a timeout
	if err != nil {
		in.sys.t.Errorf("flush the cache: %v", err)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	answer := make([]byte, 5)
	if _, err := conn.Write([]byte("FLUSHALL\r\n")); err == nil {
		_, err = conn.Read(answer)
		if err != nil || string(answer) != "+OK\r\n" {
			in.sys.t.Errorf("flush the cache: %q, %v", answer, err)
		}
	}
}

// wipe empties the broker's queue while no worker is there, and notes whose jobs
// were lost: those of the killed workers, and those that were dispatched for them since.
// A run in which there were none fails.
func (in *injector) wipe() {
	in.busyHands()
	in.hit(time.Now()) // their dispatchers
	for _, p := range in.sys.workers {
		p.Kill()
	}
	pause(in.sys.t.Context(), 4*time.Second)
	lost, err := takeAll(in.sys.t.Context(), in.sys.servers.ByPart[systemtest.Broker].URL())
	if err != nil {
		in.sys.t.Errorf("wipe the queue: %v", err)
	}
	in.wiped = lost
	in.count("wipe the broker's queue")
	in.sys.t.Logf("%8s wiped the queue of %d jobs", in.past.now().Round(time.Millisecond), len(lost))
	for _, p := range in.sys.workers {
		in.start(p)
	}
}

// oversleep freezes a worker with work in hand until another has done that.
func (in *injector) oversleep(p *process) {
	in.busyHands()
	in.count("freeze a process past its lease")
	began := time.Now()
	p.Signal(syscall.SIGSTOP)
	in.hit(began)
	// The lease ends, a sweep comes by, and a slow picture is fetched again.
	pause(in.sys.t.Context(), jobLease+9*time.Second)
	p.Signal(syscall.SIGCONT)
	in.frozen = append(in.frozen, span{began, time.Now()})
}

// dieWorking kills a worker with work in hand: the broker gives its messages to the
// other at once, while its leases run.
func (in *injector) dieWorking(p *process) {
	in.busyHands()
	in.count("kill a process with work in hand")
	in.hit(time.Now())
	in.restart(p)
}

// dieWaiting kills a worker that the broker has sent what it could not begin.
func (in *injector) dieWaiting(p *process) {
	in.count("kill a process with messages at hand")
	p.Signal(syscall.SIGSTOP)
	in.hit(time.Now())
	pause(in.sys.t.Context(), 4*time.Second)
	in.restart(p)
}

// restart kills the process and starts it again.
func (in *injector) restart(p *process) {
	p.Kill()
	in.start(p)
}

func (in *injector) start(p *process) {
	if err := p.Start(); err != nil {
		in.sys.t.Errorf("start %s: %v", p.name, err)
	}
}

// busyHands gives both workers slow pictures, of products that no one touches
// before the faults are over, and waits until they have begun.
func (in *injector) busyHands() {
	const pictures, enough = 10, 5 // of each of two hosts; both users together get up to six slots beside others
	ctx := in.sys.t.Context()
	for n, at := range in.src.hosts[calm] {
		user := int64(users + 1 + n)
		if it := in.shop.post(ctx, in.shop.make.slowly(in.rng, user, at, pictures), user); it != nil {
			in.untouched = append(in.untouched, it)
		}
	}
	for range 2000 {
		if in.src.waiting.Load() >= enough {
			return
		}
		pause(ctx, 10*time.Millisecond)
	}
	in.sys.t.Logf("%8s only %d slow pictures are on their way", in.past.now().Round(time.Millisecond), in.src.waiting.Load())
}

// takeAll takes every message out of the queue and returns whose jobs they were.
func takeAll(ctx context.Context, url string) (map[int64]bool, error) {
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: func(network, addr string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, addr)
	}})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	taken := map[int64]bool{}
	for {
		m, ok, err := channel.Get(systemtest.MainQueue, true)
		if err != nil || !ok {
			return taken, err
		}
		var job struct {
			ImageID int64 `json:"image_id"`
		}
		if err := json.Unmarshal(m.Body, &job); err != nil {
			return taken, err
		}
		taken[job.ImageID] = true
	}
}
