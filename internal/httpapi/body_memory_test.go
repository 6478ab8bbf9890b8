package httpapi_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// maxBodyMemory is what one request may allocate for the largest body: sixteen
// times that body.
const maxBodyMemory = 16 << 20

// TestBodyMemory measures what the worst bodies within the limit cost. It is
// not parallel: it counts every allocation of the process.
//
//nolint:paralleltest // see above
func TestBodyMemory(t *testing.T) {
	const most = 1 << 20
	digits := strings.Repeat("9", most-200)
	fields := func(name string) string {
		var b strings.Builder
		for i := 0; b.Len() < most-100; i++ {
			fmt.Fprintf(&b, name+",", i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	for name, tc := range map[string]struct {
		body string
		want int
	}{
		"100,000 levels of arrays":  {with("product_images", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), 400},
		"100,000 levels of objects": {with("product_images", strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)), 400},
		"levels without an end":     {strings.Repeat("[", most), 400},
		"9,000 levels":              {with("product_images", strings.Repeat("[", 9000)+strings.Repeat("]", 9000)), 422},
		"a user of a million nines": {with("user_id", digits), 422},
		"a price of as many":        {with("product_price", digits), 422},
		"a price text of as many":   {with("product_price", `"`+digits+`"`), 422},
		"a huge exponent":           {with("product_price", "1e999999999"), 422},
		"a tiny exponent":           {with("product_price", "1e-999999999"), 422},
		"an endless fraction":       {with("product_price", "0."+digits), 422},
		"one field again and again": {fields(`"a":%d`), 422},
		"so many fields":            {fields(`"%x":0`), 422},
		"so many images":            {with("product_images", "["+strings.Repeat("0,", 500_000)+"0]"), 422},
		"a long name":               {with("product_name", `"`+strings.Repeat(`\u0041`, 150_000)+`"`), 422},
		"a long field name":         {`{"` + strings.Repeat("a", most-20) + `":1}`, 422},
		"invalid at the end":        {with("product_name", `"`+strings.Repeat("a", most-200)+"\xff\""), 400},
		"only white space":          {strings.Repeat(" ", most), 400},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			if len(tc.body) > most {
				t.Fatalf("the body has %d bytes", len(tc.body))
			}
			s := newSetup(t)
			s.handler = s.unchecked // the check would be measured, too
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := cpuTime(t)
			w := s.do(http.MethodPost, "/products", tc.body)
			took := cpuTime(t) - started
			runtime.ReadMemStats(&after)
			wantProblem(t, w, tc.want)
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d kB allocated in %v of CPU for %d kB", allocated>>10, took, len(tc.body)>>10)
			if allocated > maxBodyMemory || took > 5*time.Second || w.Body.Len() > 32<<10 {
				t.Errorf("%d bytes allocated in %v of CPU, %d bytes answered", allocated, took, w.Body.Len())
			}
		})
	}
}

// cpuTime is what the process has used, which other load does not change.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
