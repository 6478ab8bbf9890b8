package media

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/processes"
)

// TestFetchedAreReportedTogether: what is downloaded asks to be reported once it has
// waited, with all that has come meanwhile; what is done by then does not, nor
// what was reported; giving back its slot is reported as well.
func TestFetchedAreReportedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFetchedImages()
		due := func() bool {
			synctest.Wait()
			return len(f.due) > 0
		}
		claim := func(image int64) Claim { return Claim{Job: Job{ImageID: image, Token: 10 * image}} }
		want := func(list ...processes.Fetched) {
			t.Helper()
			got := f.report()
			slices.SortFunc(got, func(a, b processes.Fetched) int { return int(a.Image - b.Image) })
			if !slices.Equal(got, list) {
				t.Errorf("reported are %+v, want %+v", got, list)
			}
		}
		quick := f.add(claim(1))
		time.Sleep(reportFetched - time.Millisecond)
		quick.done()
		time.Sleep(time.Hour)
		if due() {
			t.Fatal("an image that was done at once is due")
		}
		want()

		first := f.add(claim(2))
		time.Sleep(reportFetched - time.Millisecond)
		second := f.add(claim(3))
		if due() {
			t.Fatal("due too early")
		}
		time.Sleep(time.Millisecond)
		if !due() {
			t.Fatal("it has waited for long enough, and is not due")
		}
		want(processes.Fetched{Image: 2, Token: 20}, processes.Fetched{Image: 3, Token: 30})
		time.Sleep(time.Hour)
		if due() {
			t.Fatal("what was reported is due again")
		}
		second.release()
		time.Sleep(reportFetched)
		if !due() {
			t.Fatal("that it has no slot is not due")
		}
		want(processes.Fetched{Image: 2, Token: 20}, processes.Fetched{Image: 3, Token: 30, Released: true})
		first.done()
		second.done()
		time.Sleep(time.Hour)
		if due() {
			t.Error("what is done is due")
		}
		want()
	})
}
