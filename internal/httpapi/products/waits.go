package products

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/progress"
)

// PreferenceWait is the preference to keep an answer back.
const PreferenceWait = "wait"

// maxWait bounds how long an answer is kept back.
const maxWait = 10 * time.Second

// PreferredWait returns for how long the request prefers that its answer is kept back, at most
// maxWait; ok is false where it does not.
func PreferredWait(r *http.Request) (most time.Duration, ok bool) {
	seconds, ok := httpkit.ParseInteger(httpkit.Preference(r, PreferenceWait), math.MaxInt32)
	return min(time.Duration(seconds)*time.Second, maxWait), ok
}

// Waits keep answers back until images are done, for who prefers that (RFC 7240, 4.3).
type Waits struct {
	Service  *catalog.Service
	Watch    *progress.Watch
	Stopping func() bool // whether the process is about to end
}

// For waits for the image, 0 for all images, of the product, if the request prefers that.
// It reports whether it has; then the answer says so, however long it took.
func (x Waits) For(w http.ResponseWriter, r *http.Request, product, image int64) bool {
	most, ok := PreferredWait(r)
	if !ok || x.Watch == nil {
		return false
	}
	began := time.Now()
	waited := x.Watch.Wait(r.Context(), product, most, x.Stopping, func(ctx context.Context) (bool, error) {
		return x.Service.Working(ctx, product, image)
	})
	httpkit.KeptBack(w, time.Since(began))
	if waited {
		httpkit.Applied(w, PreferenceWait, strconv.Itoa(int(most/time.Second)))
	}
	return waited
}

// PreferWait describes the preference.
func PreferWait() *huma.Param {
	return &huma.Param{
		Name: "Prefer", In: "header", Schema: openapi.Text("wait=5"),
		Description: "wait=N (RFC 7240): answer when the images are done, or after N seconds, at most " +
			strconv.Itoa(int(maxWait/time.Second)) + ". Preference-Applied says that it was followed: it is not where " +
			strconv.Itoa(progress.MostWaiting) + " answers are kept back already",
	}
}

// Applied is the header of an answer that was kept back.
func Applied() *huma.Param {
	return openapi.Header(httpkit.HeaderPreferenceApplied, "wait=N: the answer was kept back for the images, at most so many seconds", "wait=5")
}
