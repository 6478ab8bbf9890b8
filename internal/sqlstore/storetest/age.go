package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/media"
)

// testAgeStartsOver: an image that is rebuilt or retried by hand is as old as
// that, whatever its age before, so that a first timeout is not final.
func testAgeStartsOver(t *testing.T, s Store) {
	t.Helper()
	const old = 200 * time.Millisecond
	create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	created := time.Now()
	until(t, "the image is old", func() bool { return time.Since(created) > old })
	begin := func() media.Claim {
		t.Helper()
		c := begin(t, s, job)
		return c
	}
	tried := begin()
	if _, err := s.Retry(t.Context(), tried, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	job = jobs(t, s)[0]
	c := begin()
	if c.Age < old { // its own retries leave its age
		t.Errorf("begun as %s old, want %s", c.Age, old)
	}
	complete(t, s, c, "aa")
	fresh := func(what string, startOver func() error) media.Claim {
		t.Helper()
		begun := time.Now()
		until(t, "the image is old again", func() bool { return time.Since(begun) > old })
		started := time.Now()
		if err := startOver(); err != nil {
			t.Fatal(err)
		}
		job = jobs(t, s)[0]
		c := begin()
		if most := time.Since(started) + old/2; c.Age > most {
			t.Errorf("%s: begun as %s old, want at most %s", what, c.Age, most)
		}
		return c
	}
	c = fresh("rebuilt", func() error { _, err := s.Rebuild(t.Context(), "aa", false, 10); return err })
	fail := func() {
		t.Helper()
		if _, err := s.Fail(t.Context(), c, timeout()); err != nil {
			t.Fatal(err)
		}
	}
	fail()
	c = fresh("retried with others", func() error { _, _, err := s.ReplayImages(t.Context(), []int64{c.ImageID}, ""); return err })
	fail()
	fresh("retried by itself", func() error { _, _, err := s.ReplayImage(t.Context(), c.ProductID, c.ImageID, Anyone, ""); return err })
}
