package dispatch

import (
	"context"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/recent"
)

// InspectorStore is what an Inspector needs of the database. Methods are safe
// for concurrent use, change nothing but for ReviseHost, cost the same however much waits, take the time
// from the database's clock, and return errors of kind fault.Unavailable where
// the database cannot be reached.
type InspectorStore interface {
	// Waiter returns an image of the product and how it waits. fault.NotFound.
	Waiter(ctx context.Context, product, image int64) (catalog.Image, Waiter, error)
	// Backlog returns, of the first CountMost images of each state (of what is due or waits
	// for a retry by time, of a line by rank, of what is parked by host), how many
	// are each user's, with the pace and the moment.
	Backlog(ctx context.Context) (groups []Group, pace Pace, now int64, err error)
	// Hosts returns what is remembered of the hosts that the query selects, by name,
	// without State and Limit.
	Hosts(ctx context.Context, q HostQuery) ([]HostView, error)
	// OpenHosts returns of how many hosts at least so many URLs have failed in a row; it looks at
	// most at so many of those of which one has.
	OpenHosts(ctx context.Context, failures, most int) (int, error)
	// FailingHosts returns, of the FailingMost hosts that have failed for the longest with at
	// least so many failures, those for which most images are parked, at most limit: the most
	// first, without State, Limit and InFlight. Parked counts up to CountMost.
	FailingHosts(ctx context.Context, failures, limit int) ([]HostView, error)
	// BusyHosts returns hosts that have images out and not downloaded, or parked, at most limit: those first
	// for which most are parked, then those with most out, without State and Limit. Of hosts with parked images and none out it
	// looks at the FailingMost first by name, and Parked counts up to ParkedMost. Hosts that nothing is remembered of are among them.
	BusyHosts(ctx context.Context, limit int) ([]HostView, error)
	// ReviseHost writes what the rule makes of what is remembered of the host, and wakes dispatchers. ErrUnknownHost,
	// or the rule's error: then nothing is written. The rule may be asked more than once.
	ReviseHost(ctx context.Context, name string, rule func(h Host, now int64) (Host, error)) error
	// Slots, Processes and LostProcesses are those of processes.Store.
	Slots(ctx context.Context, within, lease time.Duration) (int, error)
	Processes(ctx context.Context, within time.Duration, limit int) ([]processes.Process, error)
	LostProcesses(ctx context.Context, within time.Duration, limit int) ([]processes.Process, error)
}

// Inspector says what images wait for, and has hosts tried. It is safe for concurrent use.
type Inspector struct {
	store  InspectorStore
	limits Limits

	overviews recent.Value[Overview]
	busy      recent.Value[[]HostView]
}

// inspectedLife is for how long an Overview and busy hosts are given out.
const inspectedLife = time.Second

// NewInspector returns an Inspector; of the limits it needs those of hosts.
func NewInspector(store InspectorStore, limits Limits) *Inspector {
	return &Inspector{store: store, limits: limits}
}

// Image returns an image as it is now, and what it waits for, nil for nothing.
// catalog.ErrNoImage, also where the principal may not read it.
func (i *Inspector) Image(ctx context.Context, by auth.Principal, product, image int64) (catalog.Image, *Waiting, error) {
	img, waiter, err := i.store.Waiter(ctx, product, image)
	if err == nil && !by.Reads(waiter.UserID) {
		err = catalog.ErrNoImage
	}
	if err != nil {
		return catalog.Image{}, nil, err
	}
	if waiting, waits := waiter.Waiting(i.limits); waits {
		return img, &waiting, nil
	}
	return img, nil, nil
}

// Overview returns what waits, as it was within the last second. It is shared: no
// caller changes it, and one that leaves ends no other's reading.
func (i *Inspector) Overview(ctx context.Context) (Overview, error) {
	return i.overviews.Get(ctx, inspectedLife, i.overview)
}

func (i *Inspector) overview(ctx context.Context) (Overview, error) {
	groups, pace, now, err := i.store.Backlog(ctx)
	if err != nil {
		return Overview{}, err
	}
	slots, err := i.store.Slots(ctx, processes.Gone, processes.Gone)
	if err != nil {
		return Overview{}, err
	}
	alive, err := i.store.Processes(ctx, processes.Gone, MostProcesses)
	if err != nil {
		return Overview{}, err
	}
	lost, err := i.store.LostProcesses(ctx, processes.Gone, MostLost)
	if err != nil {
		return Overview{}, err
	}
	o := overview(now, groups, pace, slots, alive)
	o.Lost = lost
	return o, nil
}

// OpenHosts returns how many hosts have not answered since their breaker has opened, of CountMost whose last
// fetch has failed.
func (i *Inspector) OpenHosts(ctx context.Context) (int, error) {
	return i.store.OpenHosts(ctx, threshold, CountMost)
}

// Hosts returns a page of what is remembered of hosts, by name, and whether there
// are more. limit 0 stands for DefaultHosts. fault.Invalid.
func (i *Inspector) Hosts(ctx context.Context, f HostFilter, limit int) (page []HostView, more bool, err error) {
	q, err := f.query(limit)
	if err != nil {
		return nil, false, err
	}
	limit = q.Limit
	q.Limit++ // one more shows whether there is a next page
	page, err = i.store.Hosts(ctx, q)
	i.judge(page)
	return page[:min(limit, len(page))], len(page) > limit, err
}

// Failing returns the hosts whose breaker has opened and not closed since, those first for
// which most images are parked, at most limit. Of each, Parked counts up to CountMost, and InFlight is not known.
func (i *Inspector) Failing(ctx context.Context, limit int) ([]HostView, error) {
	hosts, err := i.store.FailingHosts(ctx, threshold, limit)
	i.judge(hosts)
	return hosts, err
}

// MostBusy is how many hosts are returned by Busy.
const MostBusy = 20

// Busy returns the hosts for which most images are parked, then those from which most are fetched, at most MostBusy, as
// they were within the last second. They are shared as an Overview is.
func (i *Inspector) Busy(ctx context.Context) ([]HostView, error) {
	return i.busy.Get(ctx, inspectedLife, func(ctx context.Context) ([]HostView, error) {
		hosts, err := i.store.BusyHosts(ctx, MostBusy)
		i.judge(hosts)
		return hosts, err
	})
}

// judge says of each how it is to fetch from.
func (i *Inspector) judge(hosts []HostView) {
	for n, h := range hosts {
		hosts[n].State, hosts[n].Limit = h.state(h.Now), h.limit(i.limits, h.Now)
	}
}
