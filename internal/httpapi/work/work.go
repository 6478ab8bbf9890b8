package work

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/statistics"
)

// Handler serves what images wait for. It is safe for concurrent use.
type Handler struct {
	Inspector *dispatch.Inspector
	Findings  *findings.Service
	Attempts  *attempts.Service
	Past      *statistics.Service
	Runs      gc.Runs
	URL       func(key string) string // where the public reads an object
	Cursors   page.Cursors
}

// Image answers with one image as it is now.
func (h *Handler) Image(w http.ResponseWriter, r *http.Request) error {
	product, id, err := products.ImagePath(r)
	if err != nil {
		return err
	}
	img, waiting, err := h.Inspector.Image(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("read image %d of product %d: %w", id, product, err)
	}
	answer := products.CurrentImage(img, h.URL)
	if waiting != nil {
		answer.Waiting = &wire.Waiting{For: string(waiting.For), Until: wire.OrNil(waiting.Until)}
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

// Queue answers with what waits.
func (h *Handler) Queue(w http.ResponseWriter, r *http.Request) error {
	o, err := h.Inspector.Overview(r.Context())
	if err != nil {
		return fmt.Errorf("look at the queue: %w", err)
	}
	answer := wire.Queue{
		AsOf: o.At, Slots: o.Slots, InFlight: o.InFlight, PerSecond: math.Round(o.PerSecond*100) / 100,
		States: make([]wire.QueueState, len(o.States)), Users: make([]wire.QueueUser, len(o.Users)),
		Processes: wireProcesses(o.Processes), Lost: wireProcesses(o.Lost),
	}
	for i, s := range o.States {
		answer.States[i] = wire.QueueState{
			State: string(s.State), WaitingFor: string(s.State.For()), Images: s.Images, More: s.More, OldestAt: wire.OrNil(s.OldestAt),
		}
	}
	for i, u := range o.Users {
		answer.Users[i] = wire.QueueUser{UserID: u.UserID, InFlight: u.InFlight, Waiting: u.Waiting, More: u.More}
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

func wireProcesses(list []processes.Process) []wire.QueueProcess {
	out := make([]wire.QueueProcess, len(list))
	for i, p := range list {
		out[i] = wire.QueueProcess{
			ID: p.ID, Role: p.Role, Slots: p.Slots, InFlight: p.InFlight, HeartbeatAt: p.HeartbeatAt, StartedAt: p.StartedAt, Version: p.Version,
			Draining: p.Draining, Memory: p.Memory, Renders: p.Renders, PixelsUsed: p.PixelsUsed, PixelBudget: p.PixelBudget,
		}
	}
	return out
}

// History answers with what happened lately.
func (h *Handler) History(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	minutes := int(p.Integer(statistics.FieldMinutes, statistics.MaxMinutes))
	past, err := h.Past.History(r.Context(), minutes, p.Errors)
	if err != nil {
		return fmt.Errorf("look at the last minutes: %w", err)
	}
	answer := wire.QueueHistory{AsOf: past.AsOf, Length: past.Length, Points: make([]wire.QueuePoint, len(past.Points))}
	for i, point := range past.Points {
		answer.Points[i] = wire.QueuePoint{
			At: point.At, Minutes: point.Minutes, Ready: point.Ready, Retried: point.Retried, Failed: point.Failed,
			BytesIn: point.BytesIn, BytesOut: point.BytesOut,
		}
		if s := point.Sample; s != nil {
			answer.Points[i].Backlog = &wire.QueueBacklog{Waiting: s.Waiting, More: s.More, OldestSeconds: int64(s.Oldest / time.Second), InFlight: s.InFlight}
		}
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

// Hosts answers with one page of hosts.
func (h *Handler) Hosts(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	f := dispatch.HostFilter{Host: p.AnyCase(dispatch.FieldHost), State: dispatch.Condition(p.Text(dispatch.FieldState))}
	limit := int(p.Integer(httpkit.ParamLimit, dispatch.MaxHosts))
	var err error
	if f.After, err = page.Read(h.Cursors, r, page.FromLink, decodeHost); err != nil {
		return fmt.Errorf("list hosts: %w", err)
	}
	f.FieldErrors = p.Errors
	found, more, err := h.Inspector.Hosts(r.Context(), f, limit)
	if err != nil {
		return fmt.Errorf("list hosts: %w", err)
	}
	var next []byte
	if more {
		next = []byte(found[len(found)-1].Name)
	}
	return page.Write(h.Cursors, w, r, found, wireHost, next)
}

func wireHost(h dispatch.HostView) wire.Host {
	host := wire.Host{
		Host: h.Name, State: string(h.State), Limit: h.Limit, InFlight: h.InFlight,
		Parked: h.Parked, ParkedMore: h.Parked >= dispatch.ParkedMost,
		Failures: h.Failures, FailingSince: moment(h.FailingAt), FailedAt: moment(h.FailedAt), RecentMS: h.RecentMS,
	}
	if h.State == dispatch.HostOpen {
		host.OpenUntil = moment(h.OpenUntil)
	}
	if h.Reason != "" {
		host.Reason = &wire.Reason{Code: string(h.Reason), Detail: h.ReasonText, Retryable: h.Reason.Retryable()}
	}
	return host
}

// moment returns nil for 0.
func moment(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	return wire.OrNil(time.UnixMilli(ms).UTC())
}

func decodeHost(position []byte) (host string, ok bool) {
	return string(position), dispatch.IsHost(string(position))
}
