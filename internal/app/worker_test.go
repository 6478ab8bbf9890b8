package app

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/processes"
)

// notedProcesses notes the slots of each heartbeat, and the end.
type notedProcesses struct {
	processes.Store

	slots []int
	ended bool
}

func (n *notedProcesses) Heartbeat(_ context.Context, p processes.Process) error {
	n.slots = append(n.slots, p.Slots)
	return nil
}

func (n *notedProcesses) PurgeProcesses(context.Context, time.Duration, int) error { return nil }

func (n *notedProcesses) EndProcess(context.Context, string) error {
	n.ended = true
	return nil
}

// threeDownloads is the work of a worker.
type threeDownloads struct{}

func (threeDownloads) InFlight() int        { return 3 }
func (threeDownloads) Due() <-chan struct{} { return nil }

func (threeDownloads) WriteFetched(write func([]processes.Fetched) error) error { return write(nil) }

// TestWorkerDrains: while a worker that was stopped finishes what it has begun, it is
// alive, with the slots of that, and goes on reporting fetches.
func TestWorkerDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &notedProcesses{}
		heart := processes.NewHeart(store, processes.Process{ID: "one", Role: "worker", Slots: 64}, threeDownloads{}, func() processes.Use { return processes.Use{} }, slog.New(slog.DiscardHandler))
		reported, drained, ended := false, make(chan struct{}), make(chan error)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			ended <- runWorker(ctx, heart, func(ctx context.Context) error {
				<-ctx.Done()
				<-drained
				return nil
			}, func(ctx context.Context) error {
				<-ctx.Done()
				reported = true
				return nil
			})
		}()
		synctest.Wait()
		stop()
		time.Sleep(processes.Interval)
		synctest.Wait()
		if reported || store.ended || len(store.slots) != 3 || store.slots[0] != 64 || store.slots[1] != 3 || store.slots[2] != 3 {
			t.Errorf("while it drains: slots %v, ended %v, reports ended %v", store.slots, store.ended, reported)
		}
		close(drained)
		if err := <-ended; err != nil || !reported || !store.ended {
			t.Errorf("at the end: ended %v, reports ended %v, %v", store.ended, reported, err)
		}
	})
}
