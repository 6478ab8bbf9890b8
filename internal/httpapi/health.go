package httpapi

import (
	"net/http"

	"vitrine.dev/internal/monitor"
)

type health struct {
	Status string `json:"status" enum:"ok"`
}

type readiness struct {
	Status string                `json:"status" doc:"degraded: a part is not as it should be, but requests are answered; stopping: requests are answered, but send new ones elsewhere" enum:"ready,degraded,unavailable,stopping"`
	Parts  map[string]partHealth `json:"parts"`
}

type partHealth struct {
	Status string `json:"status" doc:"read_only: it can be read, but takes no changes" enum:"ok,read_only,down"`
}

func (a *api) getHealth(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, health{Status: "ok"})
}

// getReadiness says what package monitor has found. The causes are in the log:
// this answer is for everybody.
func (a *api) getReadiness(w http.ResponseWriter, r *http.Request) error {
	report := a.Ready(r.Context())
	answer, status := readiness{Status: report.Status, Parts: make(map[string]partHealth, len(report.Parts))}, http.StatusOK
	for name, part := range report.Parts {
		answer.Parts[name] = partHealth{Status: string(part)}
	}
	if report.Status == monitor.Unavailable {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", retryAfter)
	}
	if a.Stopping() {
		answer.Status, status = "stopping", http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, status, answer)
}
