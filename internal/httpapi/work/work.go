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
	busy, err := h.Inspector.Busy(r.Context())
	if err != nil {
		return fmt.Errorf("look at the queue: %w", err)
	}
	answer := wire.Queue{
		AsOf: o.At, Slots: o.Slots, InFlight: o.InFlight, PerSecond: math.Round(o.PerSecond*100) / 100,
		States: make([]wire.QueueState, len(o.States)), Users: make([]wire.QueueUser, len(o.Users)),
		Turns: make([]wire.QueueTurn, len(o.Turns)), Hosts: make([]wire.Host, len(busy)),
		Processes: wireProcesses(o.Processes), Lost: wireProcesses(o.Lost),
	}
	for i, s := range o.States {
		answer.States[i] = wire.QueueState{
			State: string(s.State), WaitingFor: string(s.State.For()), Images: s.Images, More: s.More, OldestAt: wire.OrNil(s.OldestAt), DueAt: wire.OrNil(s.DueAt),
		}
		if waited, known := o.Waited(s); known {
			answer.States[i].WaitedMS = new(waited.Milliseconds())
		}
	}
	for i, u := range o.Users {
		answer.Users[i] = wire.QueueUser{UserID: u.UserID, InFlight: u.InFlight, Waiting: u.Waiting, More: u.More}
	}
	for i, t := range o.Turns {
		answer.Turns[i] = wire.QueueTurn{
			UserID: t.UserID, Line: t.Class.Line(), Place: t.Place, Images: t.Images, More: t.More,
			FirstAt: wire.OrNil(t.FirstAt), LastAt: wire.OrNil(t.LastAt),
		}
	}
	for i, b := range busy {
		answer.Hosts[i] = wireHost(b)
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
