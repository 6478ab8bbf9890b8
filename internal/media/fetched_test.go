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
		f := newFetchedImages(4)
		due := func() bool {
			synctest.Wait()
			return len(f.due) > 0
		}
		claim := func(image int64) Claim {
			return Claim{Job: Job{ImageID: image, Token: 10 * image, Contended: image < 10}}
		}
		want := func(list ...processes.Fetched) {
			t.Helper()
			got := f.report()
			slices.SortFunc(got, func(a, b processes.Fetched) int { return int(a.Image - b.Image) })
			if !slices.Equal(got, list) {
				t.Errorf("reported are %+v, want %+v", got, list)
			}
		}
		quick := f.add(claim(1))
		time.Sleep(reportSoon - time.Millisecond)
		quick.done()
		time.Sleep(time.Hour)
		if due() {
			t.Fatal("an image that was done at once is due")
		}
		want()

		first := f.add(claim(2))
		time.Sleep(reportSoon - time.Millisecond)
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
		time.Sleep(reportSoon)
		if !due() {
			t.Fatal("that it has no slot is not due")
		}
		want(processes.Fetched{Image: 2, Token: 20}, processes.Fetched{Image: 3, Token: 30, Released: true})
		first.done()
		second.done()

		calm := f.add(claim(10))
		time.Sleep(reportLate - time.Millisecond)
		if due() {
			t.Error("due soon, and no one waits")
		}
		time.Sleep(time.Millisecond)
		if !due() {
			t.Error("no one waits, and it is never due")
		}
		want(processes.Fetched{Image: 10, Token: 100})
		many := []*fetchedImage{calm}
		for i := range int64(4) {
			many = append(many, f.add(claim(i+1)))
		}
		time.Sleep(2 * reportSoon)
		if due() {
			t.Error("due soon, and there is enough to do")
		}
		calm.done()
		if !due() {
			t.Error("there is little to do, and it is not due")
		}
		for _, i := range many[1:] {
			i.done()
		}
		f.report()
		time.Sleep(time.Hour)
		if due() {
			t.Error("what is done is due")
		}
		want()
	})
}
