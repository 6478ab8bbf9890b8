package installation_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
)

// database is a Store in memory.
type database struct {
	mu        sync.Mutex
	record    installation.Record
	origin    installation.Origin
	published bool
	last      int64 // event
	down      bool
	changed   time.Time // the epoch; zero for never
}

func newDatabase() *database {
	return &database{
		record: installation.Record{ID: "aa", Epoch: "first", EpochAge: time.Hour},
		origin: installation.Origin{installation.System: "7", installation.Timeline: "1", installation.Table: "5/16384"},
	}
}

var errDown = fault.New(fault.Unavailable, "down")

func (d *database) Installation(context.Context) (installation.Record, installation.Origin, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return installation.Record{}, nil, errDown
	}
	r := d.record
	if !d.changed.IsZero() {
		r.EpochAge = time.Since(d.changed)
	}
	return r, d.origin, nil
}

func (d *database) ChangeInstallation(_ context.Context, from, to installation.Record) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.record.Epoch != from.Epoch {
		return false, nil
	}
	if from.Epoch != to.Epoch {
		d.changed = time.Now()
	}
	d.record = to
	return true, nil
}

func (d *database) Published(context.Context) (bool, error) { return d.published, nil }

func (d *database) LastEvent(context.Context) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, nil
}

// now returns the record while others may change it.
func (d *database) now() installation.Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.record
}

func (d *database) set(change func(d *database)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

// marker is one in memory.
type marker struct {
	mu       sync.Mutex
	owner    string
	occupied bool
	down     bool
}

func (m *marker) Claim(_ context.Context, id string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return "", errDown
	}
	if m.owner == "" && !m.occupied {
		m.owner = id
	}
	return m.owner, nil
}

func (m *marker) Replace(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owner = id
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// memory is one in memory.
type memory struct {
	mu    sync.Mutex
	epoch string
	id    int64
	down  bool
}

func (m *memory) LastEvent(context.Context) (string, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return "", 0, errDown
	}
	return m.epoch, m.id, nil
}

func (m *memory) SaveEvent(_ context.Context, epoch string, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch || id > m.id {
		m.epoch, m.id = epoch, id
	}
	return nil
}

func (m *memory) set(change func(m *memory)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}
