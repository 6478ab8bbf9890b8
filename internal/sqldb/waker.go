package sqldb

import (
	"context"
	"sync"
)

// waker wakes listeners at commits. The zero value is ready.
type waker struct {
	mu        sync.Mutex
	listeners map[chan struct{}]struct{}
	notify    func() // notifies other processes; nil where there is no need
}

// committed is called after each commit of this process.
func (w *waker) committed() {
	w.wake()
	if w.notify != nil {
		w.notify()
	}
}

// wake is called for commits of any process.
func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.listeners {
		select {
		case c <- struct{}{}:
		default: // it has not yet seen the last one
		}
	}
}

func (w *waker) listen(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listeners == nil {
		w.listeners = make(map[chan struct{}]struct{})
	}
	w.listeners[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.listeners, c)
	})
	return c
}
