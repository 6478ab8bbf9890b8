package media

import (
	"context"
	"sync"
)

// keyedLock is a lock per key that can be waited for with a context. The zero
// value is ready.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the holder unlocks
}

// lock waits for the key. The clock of the attempt is paused meanwhile.
func (l *keyedLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	defer PauseClock(ctx)()
	for {
		l.mu.Lock()
		busy, taken := l.held[key]
		if !taken {
			if l.held == nil {
				l.held = make(map[string]chan struct{})
			}
			free := make(chan struct{})
			l.held[key] = free
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, key)
				l.mu.Unlock()
				close(free)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
