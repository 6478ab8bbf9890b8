package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// opened has URLs of host a fail, from one on, so that its breaker is open for as
// short as it can be: two seconds.
func opened(t *testing.T, s Store, from int64, urls int) {
	t.Helper()
	record(t, s, failing("a", from, urls, eitherToBlame())...)
}

// failing are the failures of so many URLs of a host, from one on.
func failing(host string, from int64, urls int, f *fault.Failure) (all []media.Fetch) {
	for url := range int64(urls) {
		all = append(all, media.Fetch{Host: host, URL: from + url, Failure: f, Took: time.Second})
	}
	return all
}

// eitherToBlame is a timeout for which the host or the picture may be to blame.
func eitherToBlame() *fault.Failure {
	f := timeout()
	f.Blame = fault.BlameEither
	return f
}

// testProbes: a breaker is probed with images that were never tried, of these the
// first or the last by turns, and then with the one tried longest ago.
func testProbes(t *testing.T, s Store) {
	t.Helper()
	opened(t, s, 1, 5)
	tried := create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	probe := func() (id int64) {
		t.Helper()
		until(t, "the breaker lets a probe through", func() bool {
			jobs := limited(t, s).Jobs
			if len(jobs) > 1 {
				t.Fatalf("%d probes at once", len(jobs))
			}
			for _, j := range jobs {
				c := begin(t, s, j)
				// Counted before the attempt ends, or another would be the probe.
				opened(t, s, 100+j.ImageID, 1)
				if _, err := s.Retry(t.Context(), c, timeout(), 0); err != nil {
					t.Fatal(err)
				}
				id = j.ImageID
			}
			return id != 0
		})
		return id
	}
	first, second := probe(), probe() // with five failures the last, with six the first
	if first != tried.Images[1].ID || second != tried.Images[0].ID {
		t.Errorf("probed with %d, then %d, want the last of %d and %d, then the first", first, second, tried.Images[0].ID, tried.Images[1].ID)
	}
	if third := probe(); third != first {
		t.Errorf("probed with %d, want %d, which was tried longest ago", third, first)
	}
	fresh := create(t, s, "http://a/3.jpg")
	if next := probe(); next != fresh.Images[0].ID {
		t.Errorf("probed with %d, want %d, which was never tried", next, fresh.Images[0].ID)
	}
}

// testSilence: a host that has answered anyone is not silent, and what waits for it
// does not fail: also where that has happened since it was found to be.
func testSilence(t *testing.T, s Store) {
	t.Helper()
	opened(t, s, 1, 5)
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	if jobs := limited(t, s).Jobs; len(jobs) != 0 {
		t.Fatalf("dispatched %+v", jobs)
	}
	silent := func(since time.Duration) bool {
		t.Helper()
		list, err := s.SilentHosts(t.Context(), since, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(list) > 0
	}
	const long = 50 * time.Millisecond
	if silent(time.Hour) {
		t.Error("a host is silent for longer than it is known")
	}
	until(t, "the host is silent for so long", func() bool { opened(t, s, 6, 1); return silent(long) })
	record(t, s, media.Fetch{Host: "a", URL: 99, Failure: fault.Fail(fault.SourceNotFound, "404", nil), Took: time.Second})
	if silent(0) {
		t.Error("a host that has answered is silent")
	}
	expire := func(want int) {
		t.Helper()
		if _, err := s.Expire(t.Context(), "a", long, timeout(), 2); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for _, img := range read(t, s, p.ID).Images {
			if img.Status == catalog.Failed {
				failed++
			}
		}
		if failed != want {
			t.Errorf("%d images have failed, want %d", failed, want)
		}
	}
	expire(0)
	opened(t, s, 200, 5)
	until(t, "the host is silent for so long again", func() bool { opened(t, s, 300, 1); return silent(long) })
	expire(2)
	expire(3)
}
