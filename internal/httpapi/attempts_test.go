package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// TestRedirectsOfAttempts: the requests of a download that was redirected are told, and of others none.
func TestRedirectsOfAttempts(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	hops := []events.Hop{{Status: 302, TookMS: 40}, {Host: "cdn.example", TookMS: 1200}}
	product, images := s.attempted("a.example", 2, func(c media.Claim) error {
		c.Work = events.Work{Redirects: 1, Status: 302, Steps: []events.Step{{Name: "fetch", TookMS: 1300, Failed: true, Hops: hops}}}
		hops = nil
		_, err := s.db.Fail(t.Context(), c, fault.Fail(fault.SourceTimeout, "The host was too slow.", nil))
		return err
	})
	for i, want := range []string{`"hops":[{"status":302,"duration_ms":40},{"host":"cdn.example","duration_ms":1200}]}]`, `"failed":true}]`} {
		w := s.do("GET", fmt.Sprintf("/products/%d/images/%d/attempts", product, images[i]), "")
		wantStatus(t, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
}
