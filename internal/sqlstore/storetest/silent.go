package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/media"
)

// testManySilentHosts: hosts for which no image has waited long enough leave the room
// under the limit to those for which one has, whether it was tried or not.
func testManySilentHosts(t *testing.T, s Store) {
	t.Helper()
	const limit = 20
	fail := func(host string) {
		t.Helper()
		var all []media.Fetch
		for url := range int64(5) {
			all = append(all, media.Fetch{Host: host, URL: url, Failure: timeout(), Took: time.Second})
		}
		record(t, s, all...)
	}
	tried := claim(t, s, time.Minute) // of host a
	for i := range limit {
		fail(fmt.Sprintf("dead-%d", i))
	}
	for _, host := range []string{"young", "waited", "a"} {
		fail(host)
	}
	create(t, s, "http://waited/1.jpg")
	if _, err := s.Retry(t.Context(), tried, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	if jobs := limited(t, s).Jobs; len(jobs) != 0 {
		t.Fatalf("dispatched %+v", jobs)
	}
	silent := func() (hosts []string) {
		t.Helper()
		list, err := s.SilentHosts(t.Context(), time.Millisecond, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list {
			hosts = append(hosts, h.Host)
		}
		return hosts
	}
	if hosts := silent(); len(hosts) != 0 {
		t.Errorf("the hosts have not failed since the images came, and %v are silent", hosts)
	}
	until(t, "both have failed again since", func() bool {
		fail("waited")
		fail("a")
		return slices.Equal(silent(), []string{"waited", "a"})
	})
	create(t, s, "http://young/1.jpg")
	if jobs := limited(t, s).Jobs; len(jobs) != 0 {
		t.Fatalf("dispatched %+v", jobs)
	}
	if hosts := silent(); !slices.Equal(hosts, []string{"waited", "a"}) {
		t.Errorf("%v are silent, want those for which an image has waited", hosts)
	}
}
