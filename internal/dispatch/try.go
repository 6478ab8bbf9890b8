package dispatch

import (
	"context"
	"fmt"
	"strings"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// ErrUnknownHost is an error of a host that nothing is remembered of.
var ErrUnknownHost = fault.InvalidParameter(FieldHost, "must be a host that pictures were fetched from within the last day")

// Try has a host whose breaker is open be tried at once: the breaker lets an image through as if its time were over, and
// one at a time until the host answers. An attempt that fails has it open again, for longer. What waits for the host
// stays in its order. ErrUnknownHost, fault.Invalid, and fault.Conflict where the breaker is not open.
func (i *Inspector) Try(ctx context.Context, name string) (HostView, error) {
	if reason := text.HostFault(name); reason != "" {
		return HostView{}, fault.InvalidParameter(FieldHost, reason)
	}
	name = strings.ToLower(name)
	if err := i.store.ReviseHost(ctx, name, tried); err != nil {
		return HostView{}, fmt.Errorf("try the host %s: %w", name, err)
	}
	found, _, err := i.Hosts(ctx, HostFilter{Host: name}, 1)
	if err == nil && len(found) == 0 { // forgotten meanwhile
		err = ErrUnknownHost
	}
	if err != nil {
		return HostView{}, err
	}
	return found[0], nil
}

// tried is the host with a breaker that was open for long enough.
func tried(h Host, now int64) (Host, error) {
	if state := h.state(now); state != HostOpen {
		why := map[Condition]string{
			HostProbed: "must have an open breaker: this one is tried with one picture at a time already",
		}[state]
		if why == "" {
			why = "must have an open breaker: nothing keeps pictures of this one from being tried"
		}
		return h, &fault.Error{Kind: fault.Conflict, Message: "the host cannot be tried", Fields: fault.FieldErrors{{Name: FieldHost, Reason: why, Where: fault.Parameter()}}}
	}
	h.OpenUntil = now
	return h, nil
}
