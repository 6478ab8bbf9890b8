package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
)

// TestPreferWait: an answer is kept back until the images are done, and no longer than the
// request prefers.
func TestPreferWait(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	// One after the other, as a worker would, until the test ends.
	worker := func(stop <-chan struct{}) {
		request, plan := dispatch.Single(time.Hour, dispatch.LineWindow, dispatch.LineWindow)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			step, err := s.db.DispatchStep(t.Context(), request, plan)
			if err != nil {
				t.Error(err)
				return
			}
			for _, job := range step.Jobs {
				c, err := s.db.Begin(t.Context(), job, time.Minute)
				if err == nil {
					_, err = s.db.Fail(t.Context(), c, fault.Fail(fault.SourceNotFound, "There is none.", nil))
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	}
	for prefer, applied := range map[string]string{
		"wait=0": "", "respond-async": "", "wait": "", "wait=-1": "", "wait=x": "", "count=exact": "",
	} {
		w := s.do(http.MethodPost, "/products", smartphone, "Prefer", prefer)
		wantStatus(t, w, http.StatusCreated)
		if got := w.Header().Get("Preference-Applied"); got != applied {
			t.Errorf("%s: applied %q, want %q", prefer, got, applied)
		}
	}
	stop := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() { worker(stop) })
	defer working.Wait()
	defer close(stop)
	w := s.do(http.MethodPost, "/products", smartphone, "Prefer", `foo, wait="99999"; bar`)
	wantStatus(t, w, http.StatusCreated)
	wantHeader(t, w, "Preference-Applied", "wait=10")
	p := productOf(t, s.do(http.MethodGet, w.Header().Get("Location"), "").Body.Bytes())
	for _, img := range p.Images {
		if img.Status != "failed" {
			t.Errorf("the answer came before %+v was done", img)
		}
	}
	w = s.do(http.MethodPut, "/products/external/SKU", strings.Replace(smartphone, "{", `{"metadata":{"a":"b"},`, 1), "Prefer", "wait=10")
	wantStatus(t, w, http.StatusCreated)
	if got := productOf(t, w.Body.Bytes()); len(got.Images) == 0 || got.Images[0].Status != "failed" {
		t.Errorf("the answer shows %+v", got.Images)
	}
	image := fmt.Sprintf("/products/%d/images/%d", p.ID, p.Images[0].ID)
	w = s.do(http.MethodPost, image+"/replay", "", "Prefer", "wait=10")
	wantStatus(t, w, http.StatusAccepted)
	wantHeader(t, w, "Preference-Applied", "wait=10")
	if img := imageOf(t, w.Body.Bytes()); img.Status != "failed" || img.Attempts != 1 {
		t.Errorf("after the retry the image is %+v", img)
	}
}
