package installation_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
)

var quiet = slog.New(slog.DiscardHandler)

type parts = []installation.Part

// TestAdmission: which processes may work on which installations.
func TestAdmission(t *testing.T) {
	t.Parallel()
	const cache, queue, storage = installation.Cache, installation.Queue, installation.Storage
	for name, c := range map[string]struct {
		recorded, configured parts
		published            bool
		marker               string // of the configured parts
		occupied             bool
		refused              string // is part of the error
		then                 parts  // is recorded
	}{
		"all in one process":                     {},
		"the first process brings servers":       {configured: parts{storage, cache, queue}, then: parts{cache, queue, storage}},
		"the same again":                         {recorded: parts{cache, storage}, configured: parts{storage, cache}, marker: "aa", published: true, then: parts{cache, storage}},
		"one more server":                        {recorded: parts{cache}, configured: parts{cache, queue}, published: true, then: parts{cache, queue}},
		"no bucket beside those that have one":   {recorded: parts{storage}, refused: "AWS_S3_BUCKET is not set", then: parts{storage}},
		"no Redis beside those that have it":     {recorded: parts{cache, queue}, configured: parts{queue}, refused: "vitrine adopt cache", then: parts{cache, queue}},
		"no broker beside those that have it":    {recorded: parts{queue}, refused: "QUEUE_HOST or AMQP_URL", then: parts{queue}},
		"a bucket although pictures are on disk": {configured: parts{storage}, published: true, refused: "DATA_DIR"},
		"another's bucket":                       {configured: parts{storage}, marker: "bb", refused: "belongs to another installation (bb; this is aa)"},
		"another's Redis":                        {recorded: parts{cache}, configured: parts{cache}, marker: "bb", refused: "vitrine adopt cache", then: parts{cache}},
		"an empty bucket, though published":      {recorded: parts{storage}, configured: parts{storage}, published: true, occupied: true, refused: "fsck --repair", then: parts{storage}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase()
			db.record.External, db.published = c.recorded, c.published
			i := installation.New(db, c.configured, quiet)
			for _, part := range c.configured {
				i.Mark(part, &marker{owner: c.marker, occupied: c.occupied})
			}
			err := i.Admit(t.Context())
			if installation.Refused(err) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Errorf("error %v, want one with %q", err, c.refused)
			}
			if c.refused == "" && err != nil {
				t.Error(err)
			}
			if !slices.Equal(db.record.External, c.then) {
				t.Errorf("recorded %v, want %v", db.record.External, c.then)
			}
		})
	}
}

// TestEveryMissingPartIsNamed in one error.
func TestEveryMissingPartIsNamed(t *testing.T) {
	t.Parallel()
	db := newDatabase()
	db.record.External = installation.Parts()
	err := installation.New(db, nil, quiet).Admit(t.Context())
	for _, want := range []string{"REDIS_HOST", "QUEUE_HOST", "AWS_S3_BUCKET"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in %v", want, err)
		}
	}
}

// TestOrigins: which differences are a new epoch, and which a copy.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now           installation.Origin
		epoch, copied bool
	}{
		"the same":           {installation.Origin{"system": "7", "timeline": "1", "table": "5/16384"}, false, false},
		"less may be asked":  {installation.Origin{"table": "5/16384"}, false, false},
		"a failover":         {installation.Origin{"system": "7", "timeline": "2", "table": "5/16384"}, true, false},
		"a dump, restored":   {installation.Origin{"system": "7", "timeline": "1", "table": "6/16384"}, true, true},
		"another cluster":    {installation.Origin{"system": "8", "timeline": "1", "table": "5/16384"}, true, true},
		"another, not asked": {installation.Origin{"table": "9/1"}, true, true},
		"another kind":       {installation.Origin{"file": "inode 5"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newDatabase()
			must(t, installation.New(db, nil, quiet).Admit(t.Context())) // records the origin
			if db.record.Epoch != "first" || db.record.Copied {
				t.Errorf("the first process makes it %+v", db.record)
			}
			db.origin = c.now
			for range 2 {
				i := installation.New(db, nil, quiet)
				must(t, i.Admit(t.Context()))
				epoch, _ := i.Epoch()
				if epoch != db.record.Epoch || (epoch != "first") != c.epoch {
					t.Errorf("epoch %s, recorded %s; a new one: %v", epoch, db.record.Epoch, c.epoch)
				}
				if refused := installation.Refused(i.MayDelete()); refused != c.copied {
					t.Errorf("refuses to delete: %v, want %v", refused, c.copied)
				}
			}
			second := db.record.Epoch
			must(t, installation.New(db, nil, quiet).Admit(t.Context()))
			if db.record.Epoch != second {
				t.Error("the epoch changes again")
			}
			must(t, installation.Restored(t.Context(), db))
			i := installation.New(db, nil, quiet)
			must(t, i.Admit(t.Context()))
			if err := i.MayDelete(); err != nil || db.record.Epoch == second {
				t.Errorf("after `vitrine restored`: %v, %+v", err, db.record)
			}
		})
	}
}

// TestEpochReachesTheOthers within a poll, and nothing is cached under it until
// all of them know.
func TestEpochReachesTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := newDatabase()
		i := installation.New(db, nil, quiet)
		must(t, i.Admit(t.Context()))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- i.Run(ctx) }()
		if epoch, usable := i.Epoch(); epoch != "first" || !usable {
			t.Errorf("epoch %s, usable %v", epoch, usable)
		}
		must(t, installation.Restored(ctx, db))
		time.Sleep(installation.Poll)
		synctest.Wait()
		epoch, usable := i.Epoch()
		if epoch == "first" || epoch != db.now().Epoch || usable {
			t.Errorf("a poll later: epoch %s, usable %v", epoch, usable)
		}
		time.Sleep(2 * installation.Poll)
		db.set(func(d *database) { d.down = true }) // the time is also known without it
		time.Sleep(2 * installation.Poll)
		if _, usable := i.Epoch(); !usable {
			t.Error("it is not used")
		}
		stop()
		must(t, <-ended)
	})
}

// TestDatabaseThatIsUnavailable at the start: the process is admitted, or ends,
// when it can be reached.
func TestDatabaseThatIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, external := range map[string]parts{"it may work": nil, "it lacks a part": {installation.Cache}} {
		synctest.Test(t, func(t *testing.T) {
			db := newDatabase()
			db.down, db.record.External = true, external
			i := installation.New(db, nil, quiet)
			if err := i.Admit(t.Context()); installation.Refused(err) || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := i.ID(); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: id: %v", name, err)
			}
			if epoch, usable := i.Epoch(); epoch != "" || usable {
				t.Errorf("%s: epoch %q, usable %v", name, epoch, usable)
			}
			if epoch, usable := i.AskEpoch(t.Context()); epoch != "" || usable {
				t.Errorf("%s: asked for the epoch: %q, usable %v", name, epoch, usable)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- i.Run(ctx) }()
			time.Sleep(10 * installation.Poll)
			db.set(func(d *database) { d.down = false })
			time.Sleep(2 * installation.Poll)
			synctest.Wait()
			if external != nil {
				if err := <-ended; !installation.Refused(err) {
					t.Errorf("%s: it ended with %v", name, err)
				}
				return
			}
			if !i.Await(ctx) {
				t.Errorf("%s: it was not admitted", name)
			}
			if id, err := i.ID(); id != "aa" || err != nil {
				t.Errorf("%s: id %s, %v", name, id, err)
			}
			stop()
			must(t, <-ended)
		})
	}
}

// TestAwaitEnds with its context.
func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if installation.New(newDatabase(), nil, quiet).Await(ctx) {
		t.Error("a process that has not asked was admitted")
	}
}

// TestPartsThatComeLater: a process that works ends where the storage is another
// than its own from now on, and goes on where others have a cache.
func TestPartsThatComeLater(t *testing.T) {
	t.Parallel()
	for part, ends := range map[installation.Part]bool{installation.Storage: true, installation.Cache: false, installation.Queue: false} {
		synctest.Test(t, func(t *testing.T) {
			db := newDatabase()
			i := installation.New(db, nil, quiet)
			must(t, i.Admit(t.Context()))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan error, 1)
			go func() { ended <- i.Run(ctx) }()
			other := installation.New(db, parts{part}, quiet)
			other.Mark(part, &marker{})
			must(t, other.Admit(t.Context()))
			time.Sleep(2 * installation.Poll)
			synctest.Wait()
			select {
			case err := <-ended:
				if !ends || !installation.Refused(err) {
					t.Errorf("%s: it ended with %v", part, err)
				}
				return
			default:
			}
			if ends {
				t.Errorf("%s: it goes on", part)
			}
			stop()
			must(t, <-ended)
		})
	}
}

// TestPartThatCannotBeReached keeps no process from working, and is recorded
// once it is known to be ours.
func TestPartThatCannotBeReached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, m := newDatabase(), &marker{down: true}
		i := installation.New(db, parts{installation.Queue}, quiet)
		i.Mark(installation.Queue, m)
		must(t, i.Admit(t.Context()))
		if len(db.record.External) > 0 {
			t.Errorf("recorded %v", db.record.External)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- i.Run(ctx) }()
		m.mu.Lock()
		m.down = false
		m.mu.Unlock()
		time.Sleep(2 * installation.Poll)
		stop()
		must(t, <-ended)
		if !slices.Equal(db.record.External, parts{installation.Queue}) || m.owner != "aa" {
			t.Errorf("recorded %v, marker %q", db.record.External, m.owner)
		}
	})
}

// TestGuard looks again a minute later, and after a failure.
func TestGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, m := newDatabase(), &marker{}
		i := installation.New(db, nil, quiet)
		g := i.Guard(installation.Storage, m)
		if err := g.Check(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("before the id is known: %v", err)
		}
		must(t, i.Admit(t.Context()))
		must(t, g.Check(t.Context()))
		must(t, m.Replace(t.Context(), "bb"))
		must(t, g.Check(t.Context())) // within the minute
		g.Failed()
		if err := g.Check(t.Context()); !installation.Refused(err) || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("after a failure: %v", err)
		}
		must(t, m.Replace(t.Context(), "aa"))
		must(t, g.Check(t.Context()))
		must(t, m.Replace(t.Context(), "bb"))
		time.Sleep(time.Minute)
		if err := g.Check(t.Context()); !installation.Refused(err) {
			t.Errorf("a minute later: %v", err)
		}
	})
}

// TestAdopt records and marks what is configured.
func TestAdopt(t *testing.T) {
	t.Parallel()
	db, m := newDatabase(), &marker{owner: "bb", occupied: true}
	must(t, installation.Adopt(t.Context(), db, installation.Storage, m, true))
	if !slices.Equal(db.record.External, parts{installation.Storage}) || m.owner != "aa" {
		t.Errorf("recorded %v, marker %s", db.record.External, m.owner)
	}
	must(t, installation.Adopt(t.Context(), db, installation.Cache, nil, true))
	must(t, installation.Adopt(t.Context(), db, installation.Storage, nil, false))
	if !slices.Equal(db.record.External, parts{installation.Cache}) {
		t.Errorf("recorded %v", db.record.External)
	}
	if epoch := db.record.Epoch; epoch != "first" {
		t.Errorf("the epoch is %s", epoch)
	}
}

// TestLogThatWentBack: a database whose log is behind what the cache knows under
// its epoch was restored, though the system says that it is the same. It is noticed
// at the start, and by a process that goes on, once the database is there again.
func TestLogThatWentBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, m := newDatabase(), &memory{}
		db.last = 100
		start := func() *installation.Identity {
			i := installation.New(db, nil, quiet)
			i.Remember(m)
			must(t, i.Admit(t.Context()))
			return i
		}
		i := start()
		must(t, i.Acted(t.Context(), 100))
		if start(); db.now().Epoch != "first" || m.epoch != "first" || m.id != 100 {
			t.Errorf("the log is where it was: %+v, %+v", db.now(), m.id)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- i.Run(ctx) }()
		time.Sleep(2 * installation.Poll)
		db.set(func(d *database) { d.down = true })
		time.Sleep(2 * installation.Poll)
		db.set(func(d *database) { d.down, d.last = false, 99 })
		time.Sleep(2 * installation.Poll)
		second, _ := i.Epoch()
		if second == "first" || second != db.now().Epoch || db.now().Copied {
			t.Errorf("a process that goes on has epoch %s of %+v", second, db.now())
		}
		stop()
		must(t, <-ended)
		if start(); db.now().Epoch != second {
			t.Error("what was remembered under the first epoch counts under the second")
		}
		must(t, i.Acted(t.Context(), 99))
		db.set(func(d *database) { d.last = 50 })
		m.set(func(m *memory) { m.down = true })
		i = start() // the cache cannot be asked
		if db.now().Epoch != second {
			t.Error("a new epoch, though nothing could be compared")
		}
		m.set(func(m *memory) { m.down = false })
		ctx, stop = context.WithCancel(t.Context())
		go func() { ended <- i.Run(ctx) }()
		time.Sleep(2 * installation.Poll)
		if db.now().Epoch == second {
			t.Error("it is not compared once the cache is there")
		}
		stop()
		must(t, <-ended)
	})
}

// TestEpochIsAskedFor: who needs the epoch does not wait for the next look at the record.
func TestEpochIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := newDatabase()
		db.down = true
		i := installation.New(db, nil, quiet)
		if epoch, _ := i.AskEpoch(t.Context()); epoch != "" {
			t.Errorf("epoch %q of a database that is down", epoch)
		}
		db.set(func(d *database) { d.down = false })
		if epoch, _ := i.Epoch(); epoch != "" {
			t.Errorf("epoch %q, for which no one was asked", epoch)
		}
		if epoch, usable := i.AskEpoch(t.Context()); epoch != "first" || !usable {
			t.Errorf("epoch %q, usable %v", epoch, usable)
		}
	})
}
