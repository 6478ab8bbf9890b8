package systemtest

import (
	"net/http"
	"testing"
	"time"
)

// Patience bounds every wait of these tests. On an idle machine all of it takes
// seconds; a busy one may need far longer.
const Patience = 4 * time.Minute

// Eventually polls until ok.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	Within(t, Patience, what, ok)
}

// Within polls until ok, for so long: often at first, and then after every
// twentieth of the time that it has waited, so that the polls themselves do not
// keep a machine busy.
func Within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	for !ok() {
		waited := time.Since(began)
		if waited > limit {
			t.Fatalf("waited %s in vain for %s", limit, what)
		}
		Pause(t, min(max(waited/20, 10*time.Millisecond), time.Second))
	}
}

// Pause waits, unless the test is stopped.
func Pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test was stopped")
	}
}

// AwaitReady waits until the API at the URL reports that it is ready.
func AwaitReady(t *testing.T, api string) {
	t.Helper()
	await(t, api+"/readyz", func(status int) bool { return status == http.StatusOK })
}

// AwaitAnswer waits until there is any answer at the URL.
func AwaitAnswer(t *testing.T, url string) {
	t.Helper()
	await(t, url, func(int) bool { return true })
}

func await(t *testing.T, url string, ok func(status int) bool) {
	t.Helper()
	Eventually(t, "the answer of "+url, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return ok(resp.StatusCode)
	})
}
