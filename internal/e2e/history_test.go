package e2e_test

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/systemtest"
)

// TestHistory: what a worker has done is in the statistics of its minutes by the time that it has stopped in order,
// with what was seen to wait, and a process says what it uses.
func TestHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": dir, "TEST_URLS": "true", "JOB_MAX_ATTEMPTS": "2", "JOB_BACKOFF": "10ms"})
	c := p.Client()
	c.Finished(c.Create("Some", "https://vitrine.test/ready?seed=a", "https://vitrine.test/ready?seed=b", "https://vitrine.test/source_timeout", "https://vitrine.test/source_not_found"))
	var queue wire.Queue
	systemtest.Eventually(t, "the process is listed", func() bool {
		c.Decode(c.Send(http.MethodGet, c.URL+"/queue", "", http.StatusOK), &queue)
		return len(queue.Processes) == 1
	})
	if w := queue.Processes[0]; w.Version == "" || w.Renders == 0 || w.PixelBudget == 0 || w.StartedAt.IsZero() || w.Draining {
		t.Errorf("the process is %+v", w)
	}
	s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, "vitrine.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	minutes := func() []statistics.Minute {
		t.Helper()
		list, _, err := s.Minutes(t.Context(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	systemtest.Eventually(t, "a sample is kept", func() bool {
		return slices.ContainsFunc(minutes(), func(m statistics.Minute) bool { return m.Sample != nil })
	})
	p.Stop()
	var sum statistics.Counts
	for _, m := range minutes() {
		sum.Ready += m.Ready
		sum.Retried += m.Retried
		sum.Failed += m.Failed
		sum.BytesIn += m.BytesIn
		sum.BytesOut += m.BytesOut
	}
	if sum.Ready != 2 || sum.Retried != 1 || sum.Failed != 2 || sum.BytesIn == 0 || sum.BytesOut == 0 {
		t.Errorf("the minutes have %+v", sum)
	}
	fetches, err := statistics.NewService(s).Fetches(t.Context(), []string{"vitrine.test"})
	if err != nil {
		t.Fatal(err)
	}
	if f := fetches["vitrine.test"]; f.Succeeded != 2 || f.Failed != 3 || f.P50 == 0 || f.P95 < f.P50 {
		t.Errorf("fetches are %+v", fetches)
	}
}
