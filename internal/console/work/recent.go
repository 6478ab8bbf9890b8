package work

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/console/frame"
)

// recentLife is for how long something is given out: it is read once in that time, however many tabs look.
const recentLife = time.Second

// recent reads what looks have in common, by key. It is safe for concurrent use. What it returns is shared: no caller changes it.
type recent[T any] struct {
	reading singleflight.Group

	mu   sync.Mutex
	last map[string]dated[T]
}

type dated[T any] struct {
	at    time.Time
	value T
}

// get returns what was read within the last second, or else reads it, which is given up as frame.Ask does, whoever has left.
func (s *recent[T]) get(ctx context.Context, key string, read func(context.Context) (T, error)) (T, error) {
	v, err, _ := s.reading.Do(key, func() (any, error) {
		if last, ok := s.known(key); ok {
			return last, nil
		}
		at := time.Now()
		value, err := frame.Ask(context.WithoutCancel(ctx), read)
		if err == nil {
			s.keep(key, dated[T]{at, value})
		}
		return value, err
	})
	value, _ := v.(T)
	return value, err //nolint:wrapcheck // of read
}

func (s *recent[T]) known(key string) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.last[key]
	return last.value, ok && time.Since(last.at) < recentLife
}

func (s *recent[T]) keep(key string, d dated[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[string]dated[T]{}
	}
	s.last[key] = d
}
