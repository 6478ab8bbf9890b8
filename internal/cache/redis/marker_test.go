package redis_test

import (
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/testserver"
)

func id(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// TestServerOfAnotherInstallation is not used, neither to read nor to write, until
// it is adopted.
func TestServerOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	cfg.Installation = id("aa")
	first := open(t, cfg)
	put(t, first, 1)
	cfg.Installation = id("bb")
	other := open(t, cfg)
	_, err1 := other.Put(t.Context(), "a", cache.Entry{Version: 2})
	_, _, err2 := other.Get(t.Context(), "a")
	for _, err := range []error{err1, err2, other.Invalidate(t.Context(), "a", 9), other.Ping(t.Context()), cache.Probe(t.Context(), other)} {
		if !unavailable(err) || !installation.Refused(err) || !strings.Contains(err.Error(), "(aa; this is bb)") {
			t.Errorf("error %v, want that it is another's", err)
		}
	}
	if !holds(t, first, 1) {
		t.Error("the first installation has lost its entry")
	}
	if err := other.Replace(t.Context(), "bb"); err != nil {
		t.Fatal(err)
	}
	put(t, other, 3)
	if err := first.Ping(t.Context()); !installation.Refused(err) {
		t.Errorf("the first installation, after the adoption: %v", err)
	}
}

// TestMarkerIsLookedAtWithEveryConnection: the server is another's when the
// connection is made again.
func TestMarkerIsLookedAtWithEveryConnection(t *testing.T) {
	t.Parallel()
	for name, owner := range map[string]string{"another's": "bb", "no one's": "", "still ours": "aa"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := testserver.Proxy(t, testserver.Redis(t))
			cfg := config(t, line.Addr(), prefix())
			cfg.Installation = id("aa")
			c := open(t, cfg)
			put(t, c, 1)
			line.Cut()
			if _, _, err := c.Get(t.Context(), "b"); !unavailable(err) || installation.Refused(err) {
				t.Errorf("while it cannot be reached: %v", err)
			}
			if owner == "" {
				command(t, testserver.Redis(t), "RENAME", cfg.Prefix+"installation", cfg.Prefix+"gone")
			} else {
				command(t, testserver.Redis(t), "SET", cfg.Prefix+"installation", owner)
			}
			line.Restore()
			var err error
			cachetest.Until(t, "there is a connection again", func() bool {
				_, _, err = c.Get(t.Context(), "b")
				return err == nil || installation.Refused(err)
			})
			if installation.Refused(err) != (owner == "bb") {
				t.Errorf("error %v", err)
			}
			if owner == "" {
				cfg.Installation = id("cc")
				if err := open(t, cfg).Ping(t.Context()); !installation.Refused(err) {
					t.Errorf("it was not claimed again: %v", err)
				}
			}
		})
	}
}

// TestClaimAtOnce: one of many is the owner.
func TestClaimAtOnce(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	owners := make(chan string, 8)
	var group sync.WaitGroup
	for name := range strings.SplitSeq("abcdefgh", "") {
		c := open(t, cfg)
		group.Go(func() {
			owner, err := c.Claim(t.Context(), name)
			if err != nil {
				t.Error(err)
			}
			owners <- owner
		})
	}
	group.Wait()
	first := <-owners
	for range cap(owners) - 1 {
		if other := <-owners; other != first {
			t.Errorf("both %s and %s are the owner", first, other)
		}
	}
}

// TestIDThatIsNotKnown: the cache is unavailable until it is.
func TestIDThatIsNotKnown(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	known := false
	cfg.Installation = func() (string, error) {
		if !known {
			return "", fault.New(fault.Unavailable, "not known yet")
		}
		return "aa", nil
	}
	c := open(t, cfg)
	if err := c.Ping(t.Context()); !unavailable(err) || installation.Refused(err) {
		t.Error(err)
	}
	known = true
	put(t, c, 1)
}

// TestPosition never goes back under one epoch.
func TestPosition(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	c := open(t, cfg)
	for _, step := range []struct {
		epoch string
		save  int64
		want  int64
	}{{"a", 5, 5}, {"a", 7, 7}, {"a", 6, 7}, {"b", 2, 2}, {"b", 3, 3}} {
		if err := c.SaveEvent(t.Context(), step.epoch, step.save); err != nil {
			t.Fatal(err)
		}
		if epoch, id, err := c.LastEvent(t.Context()); epoch != step.epoch || id != step.want || err != nil {
			t.Errorf("after %+v: %s %d, %v", step, epoch, id, err)
		}
	}
	cfg.Prefix = prefix()
	if epoch, id, err := open(t, cfg).LastEvent(t.Context()); epoch != "" || id != 0 || err != nil {
		t.Errorf("of nothing: %q %d, %v", epoch, id, err)
	}
}
