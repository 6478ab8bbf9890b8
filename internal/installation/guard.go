package installation

import (
	"context"
	"sync"
	"time"
)

// confidence is how long a marker that was found right is taken to be so, where
// there is no connection whose end would say that it must be looked at again.
const confidence = time.Minute

// Guard checks the marker of a part that has no lasting connections: before it
// is used, at most once a minute while nothing fails. It is safe for concurrent
// use.
type Guard struct {
	part   Part
	marker Marker
	id     func() (string, error)

	mu    sync.Mutex
	until time.Time // the marker is right until then
}

// Guard returns a guard of the part, by its marker.
func (i *Identity) Guard(part Part, m Marker) *Guard { return &Guard{part: part, marker: m, id: i.ID} }

// Check returns nil where the part is the installation's. Errors are those of
// the function Check, and of Identity.ID.
func (g *Guard) Check(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.until) {
		return nil
	}
	id, err := g.id()
	if err != nil {
		return err
	}
	if err := Check(ctx, g.part, g.marker, id); err != nil {
		return err
	}
	g.until = time.Now().Add(confidence)
	return nil
}

// Failed has the marker looked at before the part is used again: it could not be
// reached, and another may be there when it can.
func (g *Guard) Failed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = time.Time{}
}
