package signing_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

// store is a signing.Store in memory.
type store struct {
	mu    sync.Mutex
	keys  []signing.Key
	err   error
	reads int
	slow  chan struct{} // a read that has begun waits for it
}

// set changes what it says.
func (s *store) set(err error, keys ...signing.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.err = keys, err
}

func (s *store) SigningKeys(_ context.Context, first signing.Secret) ([]signing.Key, error) {
	s.mu.Lock()
	s.reads++
	if len(s.keys) == 0 && s.err == nil {
		s.keys = []signing.Key{{Secret: first}}
	}
	keys, err, slow := s.keys, s.err, s.slow
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if slow != nil {
		<-slow
	}
	return keys, nil
}

func (s *store) process() *signing.Keys { return signing.New(s, slog.New(slog.DiscardHandler)) }

func seal(t *testing.T, k *signing.Keys, binding, message string) string {
	t.Helper()
	text, err := k.Seal(t.Context(), signing.Cursors, []byte(binding), []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func open(t *testing.T, k *signing.Keys, binding, text string) (string, error) {
	t.Helper()
	m, err := k.Open(t.Context(), signing.Cursors, []byte(binding), text)
	return string(m), err
}

func TestSealed(t *testing.T) {
	t.Parallel()
	s := &store{}
	a, b := s.process(), s.process()
	for _, message := range []string{"", "x", string(bytes.Repeat([]byte{0xff}, 300))} {
		text := seal(t, a, "list", message)
		if got, err := open(t, b, "list", text); err != nil || got != message {
			t.Errorf("%q became %q, %v", message, got, err)
		}
		if _, err := b.Open(t.Context(), "other", []byte("list"), text); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("%q is valid for another purpose: %v", message, err)
		}
		if _, err := open(t, b, "lis", text); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("%q is valid for another binding: %v", message, err)
		}
	}
	// What ends the binding does not begin the message.
	if _, err := open(t, a, "ab", seal(t, a, "a", "bc")[1:]); !errors.Is(err, signing.ErrNotSigned) {
		t.Error(err)
	}
	moved, _ := base64.RawURLEncoding.DecodeString(seal(t, a, "ab", "c"))
	if _, err := open(t, a, "a", base64.RawURLEncoding.EncodeToString(append([]byte("b"), moved...))); !errors.Is(err, signing.ErrNotSigned) {
		t.Error("the binding's end is taken for the message's beginning")
	}
}

// TestEveryBitCounts: no text but the one that was made is valid.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	k := (&store{}).process()
	text := seal(t, k, "", "position")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(b) {
		changed := bytes.Clone(b)
		changed[i/8] ^= 1 << (i % 8)
		if m, err := open(t, k, "", base64.RawURLEncoding.EncodeToString(changed)); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("bit %d changed: %q, %v", i, m, err)
		}
	}
	for _, other := range []string{"", "x", text + "=", text + "\n", text[:8] + "\n" + text[8:], text[:len(text)-1], text + "A", " " + text} {
		if m, err := open(t, k, "", other); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("%q: %q, %v", other, m, err)
		}
	}
}

// TestRotationElsewhere: a key that another process has made is known with the first text
// of it, and texts that no one has signed cause no more than a read now and then.
func TestRotationElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		here := s.process()
		old := seal(t, here, "", "old")
		first, next := s.keys[0].Secret, signing.Key{Secret: signing.NewSecret()}
		s.set(nil, next, signing.Key{Secret: first, Left: time.Minute})
		text := seal(t, s.process(), "", "new")
		time.Sleep(5 * time.Second)
		if m, err := open(t, here, "", text); err != nil || m != "new" {
			t.Errorf("of a key that is not known yet: %q, %v", m, err)
		}
		if m, err := open(t, here, "", old); err != nil || m != "old" {
			t.Errorf("in the overlap: %q, %v", m, err)
		}
		before := s.reads
		for range 1000 {
			if _, err := open(t, here, "", "A"+text[1:]); !errors.Is(err, signing.ErrNotSigned) {
				t.Fatal(err)
			}
		}
		if n := s.reads - before; n > 1 {
			t.Errorf("1000 forged texts caused %d reads", n)
		}
		s.set(nil, next)
		time.Sleep(time.Minute)
		if m, err := open(t, here, "", old); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("after the overlap: %q, %v", m, err)
		}
	})
}

// TestRun: keys that another process has ended are not valid for long, without any text.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		here := s.process()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = here.Run(ctx) }()
		synctest.Wait()
		old := seal(t, here, "", "old")
		s.set(nil, signing.Key{Secret: signing.NewSecret()})
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if _, err := open(t, here, "", old); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("of a key that was ended: %v", err)
		}
		cancel()
	})
}

// TestOutage: what is known goes on, and what cannot be told is not called wrong.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{err: fault.New(fault.Unavailable, "down")}
		here := s.process()
		if _, err := here.Seal(t.Context(), signing.Cursors, nil, nil); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("without a key: %v", err)
		}
		s.set(nil)
		text := seal(t, here, "", "x")
		time.Sleep(time.Minute)
		s.set(fault.New(fault.Unavailable, "down"))
		if m, err := open(t, here, "", text); err != nil || m != "x" {
			t.Errorf("a known key: %q, %v", m, err)
		}
		for range 2 { // also where it is not asked again
			if _, err := open(t, here, "", "A"+text[1:]); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("what may be of a key that is not known: %v", err)
			}
		}
		if again := seal(t, here, "", "x"); again != text {
			t.Errorf("the same is signed %s and %s", text, again)
		}
	})
}

// TestForget: after a change that was heard of nothing is signed or verified with what was
// read before it, also by a read that had begun; where there is no database nothing is.
func TestForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		here := s.process()
		old := seal(t, here, "", "x")
		here.Forget()
		slow := make(chan struct{})
		s.mu.Lock()
		s.slow = slow
		s.mu.Unlock()
		sealed := make(chan string)
		go func() { text, _ := here.Seal(t.Context(), signing.Cursors, nil, []byte("x")); sealed <- text }()
		synctest.Wait() // it has read the former key
		s.mu.Lock()
		s.slow, s.keys = nil, []signing.Key{{Secret: signing.NewSecret()}}
		s.mu.Unlock()
		here.Forget()
		now := seal(t, here, "", "x") // which does not wait for that read
		close(slow)
		<-sealed
		if again := seal(t, here, "", "x"); now == old || again != now {
			t.Error("it goes on signing with the former key")
		}
		if m, err := open(t, here, "", old); !errors.Is(err, signing.ErrNotSigned) {
			t.Errorf("of the former key: %q, %v", m, err)
		}
		s.set(fault.New(fault.Unavailable, "down"))
		here.Forget()
		if _, err := open(t, here, "", now); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("it cannot know the key: %v", err)
		}
	})
}

// TestEditionElsewhere: a key that another process has made, which is known by a text of it, has another edition.
func TestEditionElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{}
		here := s.process()
		seal(t, here, "", "old")
		before := here.Edition()
		s.set(nil, signing.Key{Secret: signing.NewSecret()}, signing.Key{Secret: s.keys[0].Secret, Left: time.Minute})
		text := seal(t, s.process(), "", "new")
		time.Sleep(5 * time.Second)
		if m, err := open(t, here, "", text); err != nil || m != "new" || here.Edition() == before {
			t.Errorf("%q, %v, edition %d after %d", m, err, here.Edition(), before)
		}
	})
}

// TestEdition: while it is the same, the same text is sealed; another key that signs has another one.
func TestEdition(t *testing.T) {
	t.Parallel()
	s := &store{}
	k := s.process()
	first := seal(t, k, "list", "position")
	edition := k.Edition()
	if seal(t, k, "list", "position") != first || k.Edition() != edition {
		t.Error("nothing has changed, but the text or the edition")
	}
	s.set(nil, signing.Key{Secret: signing.NewSecret()}, signing.Key{Secret: s.keys[0].Secret, Left: time.Minute})
	k.Forget()
	heard := k.Edition()
	if seal(t, k, "list", "position") == first || heard == edition {
		t.Errorf("another key signs, but the edition is %d as before", edition)
	}
}
