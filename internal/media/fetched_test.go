package media

import (
	"errors"
	"reflect"
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
			got := f.report(nil)
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
		f.report(nil)
		time.Sleep(time.Hour)
		if due() {
			t.Error("what is done is due")
		}
		want()
	})
}

// TestFetchedAreReportedWithAnEnd: what others wait for is written with the end of an
// image, unless a report is being written, and waits on where the end is not written.
func TestFetchedAreReportedWithAnEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFetchedImages(4)
		add := func(image int64, contended bool) *fetchedImage {
			return f.add(Claim{Job: Job{ImageID: image, Token: 10 * image, Contended: contended}})
		}
		due := func() bool {
			time.Sleep(reportLate)
			synctest.Wait()
			return len(f.due) > 0
		}
		refused := errors.New("refused")
		want := func(what string, done *fetchedImage, end error, images ...int64) {
			t.Helper()
			err := done.complete("one", func(report func() *processes.Report) error {
				got := report()
				if again := report(); !reflect.DeepEqual(again, got) {
					t.Errorf("%s: asked again, it reports %+v after %+v", what, again, got)
				}
				switch {
				case got == nil:
					if len(images) > 0 {
						t.Errorf("%s: nothing is reported, want %v", what, images)
					}
				case got.Process != "one" || len(got.Fetched) != len(images) || got.Fetched[0].Image != images[0] || got.Fetched[0].Token != 10*images[0]:
					t.Errorf("%s: %+v is reported, want %v", what, got, images)
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Errorf("%s: %v", what, err)
			}
		}
		first, second := add(1, true), add(2, true)
		want("refused", first, refused, 2)
		want("written", first, nil, 2)
		want("what was reported", first, nil)
		first.done()
		if due() {
			t.Error("what was reported with an end is due")
		}
		second.release()
		third := add(3, false)
		want("no one waits for those beside it", second, nil)
		if err := f.write(func(all []processes.Fetched) error {
			second.release()
			if len(all) != 2 {
				t.Errorf("%d are reported, want 2", len(all))
			}
			want("while a report is written", third, nil)
			return nil
		}); err != nil {
			t.Error(err)
		}
		want("released", third, nil, 2)
		second.release()
		func() {
			defer func() { _ = recover() }()
			_ = third.complete("one", func(report func() *processes.Report) error {
				report()
				panic("while it is written")
			})
		}()
		if !due() {
			t.Error("what was not written is not due")
		}
		second.done()
		third.done()
		if err := f.write(func([]processes.Fetched) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
