package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// readyTimeout bounds the check of all parts together.
const readyTimeout = 2 * time.Second

// Part is something that the service needs, as /readyz reports it.
type Part struct {
	Name     string
	Required bool                            // whether without it the service can do nothing
	Check    func(ctx context.Context) error // nil where the part works; called concurrently
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

type readiness struct {
	Status string                `json:"status" doc:"degraded: a part is down, but requests are answered; stopping: requests are answered, but send new ones elsewhere" enum:"ready,degraded,unavailable,stopping"`
	Parts  map[string]partHealth `json:"parts"`
}

type partHealth struct {
	Status string `json:"status" enum:"ok,down"`
}

func (a *api) getHealth(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, health{Status: "ok"})
}

func (a *api) getReadiness(w http.ResponseWriter, r *http.Request) error {
	ready, status := readiness{Status: "ready", Parts: make(map[string]partHealth, len(a.Parts))}, http.StatusOK
	for i, err := range checkParts(r.Context(), a.Parts) {
		part := a.Parts[i]
		if err == nil {
			ready.Parts[part.Name] = partHealth{Status: "ok"}
			continue
		}
		ready.Parts[part.Name] = partHealth{Status: "down"}
		a.Log.LogAttrs(r.Context(), slog.LevelWarn, "part is down", slog.String("part", part.Name), slog.Any("error", err))
		switch {
		case part.Required:
			ready.Status, status = "unavailable", http.StatusServiceUnavailable
			w.Header().Set("Retry-After", retryAfter)
		case status == http.StatusOK:
			ready.Status = "degraded"
		}
	}
	if a.Stopping() {
		ready.Status, status = "stopping", http.StatusServiceUnavailable
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, status, ready)
}

var errNoAnswer = errors.New("no answer in time")

// checkParts checks all parts at once and waits no longer than readyTimeout,
// also for a check that does not heed its context.
func checkParts(ctx context.Context, parts []Part) []error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	type outcome struct {
		index int
		err   error
	}
	outcomes := make(chan outcome, len(parts))
	errs := make([]error, len(parts))
	for i, part := range parts {
		errs[i] = errNoAnswer
		go func() { outcomes <- outcome{i, part.Check(ctx)} }()
	}
	for range parts {
		select {
		case o := <-outcomes:
			errs[o.index] = o.err
		case <-ctx.Done():
			return errs
		}
	}
	return errs
}
