package redis

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimited(t *testing.T) {
	t.Parallel()
	type key struct{}
	for name, patience := range map[string]time.Duration{"own limit": time.Hour, "caller's limit": time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), patience)
			defer cancel()
			const own = time.Second
			l, end := limit(parent, own)
			began := time.Now()
			if until, ok := l.Deadline(); !ok || until.Sub(began) != min(own, patience) {
				t.Errorf("%s: ends in %v", name, until.Sub(began))
			}
			if l.Err() != nil || l.Value(key{}) != "value" {
				t.Errorf("%s: error %v, value %v", name, l.Err(), l.Value(key{}))
			}
			derived, release := context.WithCancel(l)
			defer release()
			<-derived.Done()
			if took := time.Since(began); took != min(own, patience) || !errors.Is(l.Err(), context.DeadlineExceeded) {
				t.Errorf("%s: ended after %v with %v", name, took, l.Err())
			}
			end()
		})
	}
}

func TestLimitedHearsItsCaller(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancel(t.Context())
	l, end := limit(parent, time.Hour)
	defer end()
	cancel()
	<-l.Done()
	if !errors.Is(l.Err(), context.Canceled) {
		t.Errorf("ended with %v", l.Err())
	}
	_, end = limit(t.Context(), time.Hour)
	end()
	end() // twice, as with any context
}
