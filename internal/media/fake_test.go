package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// fakeStore keeps the images of a test in memory. The real stores pass
// storetest; this one answers as they do (see fakelike_test.go), without a database or its clock.
type fakeStore struct {
	mu         sync.Mutex
	images     map[int64]*fakeImage
	renditions map[string]catalog.Rendition
	unreadable []media.Unreadable
	fetches    [][]media.Fetch // of each call
	recording  func()          // is called by RecordFetches before it writes
	hang       time.Duration   // how long RecordFetches takes to answer
	reports    []processes.Report
	silent     []media.SilentHost
	sweepFails error // of a sweep that has recovered something before
	silentFor  time.Duration
	unused     int   // hosts that are to be forgotten
	refusing   error // of ForgetHosts
	down       int   // so many calls answer Unavailable
}

type fakeImage struct {
	url        string
	generation int64
	status     catalog.Status
	attempt    int
	lost       int
	failure    *fault.Failure
	delay      time.Duration
	rendition  string
	renewed    int
	age        time.Duration
	shown      string        // the rendition that is shown while it is fetched again
	source     media.Version // of that
	unchanged  bool
	work       events.Work // of the last attempt
}

func newFakeStore(urls ...string) *fakeStore {
	s := &fakeStore{images: map[int64]*fakeImage{}, renditions: map[string]catalog.Rendition{}}
	for i, u := range urls {
		s.images[int64(i+1)] = &fakeImage{url: u, generation: 1, status: catalog.Pending}
	}
	return s
}

func (s *fakeStore) image(id int64) fakeImage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.images[id]
}

// batches is how many batches of fetches were written.
func (s *fakeStore) batches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fetches)
}

func (s *fakeStore) setDown(calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = calls
}

// set changes the first image.
func (s *fakeStore) set(change func(*fakeImage)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.images[1])
}

func (s *fakeStore) do(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down > 0 {
		s.down--
		return fault.New(fault.Unavailable, "the database is unavailable")
	}
	return f()
}

func conflict() error { return fault.New(fault.Conflict, "nothing to claim") }

// Begin knows no tokens: an image that waits is out for whoever has a message.
func (s *fakeStore) Begin(_ context.Context, j media.Job, _ time.Duration) (c media.Claim, err error) {
	err = s.do(func() error {
		img, ok := s.images[j.ImageID]
		if !ok || img.status != catalog.Pending || img.generation != j.Generation {
			return conflict()
		}
		img.status = catalog.Processing
		img.attempt++
		c = media.Claim{Job: j, UserID: 1, SourceURL: img.url, Attempt: img.attempt, Lost: img.lost, Age: img.age, Kind: media.First}
		if img.shown != "" {
			c.Kind, c.Shown, c.Rendition, c.Source = media.Refresh, true, img.shown, img.source
		}
		return nil
	})
	return c, err
}

func (s *fakeStore) claimed(c media.Claim, f func(*fakeImage)) error {
	return s.do(func() error {
		img, ok := s.images[c.ImageID]
		if !ok || img.status != catalog.Processing || img.generation != c.Generation || img.attempt != c.Attempt {
			return conflict()
		}
		img.work = c.Worked()
		f(img)
		return nil
	})
}

func (s *fakeStore) Renew(_ context.Context, c media.Claim, _ time.Duration) error {
	return s.claimed(c, func(img *fakeImage) { img.renewed++ })
}

func (s *fakeStore) Rendition(_ context.Context, key string) (r catalog.Rendition, err error) {
	err = s.do(func() error {
		var ok bool
		if r, ok = s.renditions[key]; !ok {
			return fault.New(fault.NotFound, "no such rendition")
		}
		return nil
	})
	return r, err
}

func (s *fakeStore) Complete(_ context.Context, c media.Claim, r catalog.Rendition, report func() *processes.Report) (catalog.Changed, error) {
	err := s.claimed(c, func(img *fakeImage) {
		img.status, img.rendition, img.source = catalog.Ready, r.Key, c.Source
		s.renditions[r.Key] = r
		if with := report(); with != nil {
			s.reports = append(s.reports, *with)
		}
	})
	return catalog.Changed{ProductID: c.ProductID, Revision: 3}, err
}

func (s *fakeStore) Retry(_ context.Context, c media.Claim, f *fault.Failure, delay time.Duration) (catalog.Changed, error) {
	err := s.claimed(c, func(img *fakeImage) { img.status, img.failure, img.delay = catalog.Pending, f, delay })
	return catalog.Changed{ProductID: c.ProductID, Revision: 3}, err
}

func (s *fakeStore) Fail(_ context.Context, c media.Claim, f *fault.Failure) (catalog.Changed, error) {
	err := s.claimed(c, func(img *fakeImage) { img.status, img.failure = catalog.Failed, f })
	return catalog.Changed{ProductID: c.ProductID, Revision: 3}, err
}

func (s *fakeStore) RecordFetches(ctx context.Context, fetches []media.Fetch) ([]media.Breaker, error) {
	if s.hang > 0 {
		select {
		case <-time.After(s.hang):
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Unavailable, "The database hangs.", context.Cause(ctx))
		}
	}
	if s.recording != nil {
		s.recording()
	}
	return nil, s.do(func() error {
		s.fetches = append(s.fetches, fetches)
		return nil
	})
}

func (s *fakeStore) SilentHosts(_ context.Context, silent time.Duration, limit int) (hosts []media.SilentHost, err error) {
	err = s.do(func() error {
		for _, h := range s.silent {
			if s.silentFor >= silent && len(hosts) < limit {
				hosts = append(hosts, h)
			}
		}
		return nil
	})
	return hosts, err
}

func (s *fakeStore) Expire(
	_ context.Context, host string, waited time.Duration, f *fault.Failure, limit int,
) (changed []catalog.Changed, err error) {
	err = s.do(func() error {
		for id, img := range s.images {
			if img.status != catalog.Pending || img.age < waited || media.SourceHost(img.url) != host || len(changed) == limit {
				continue
			}
			img.status, img.failure = catalog.Failed, f
			changed = append(changed, catalog.Changed{ProductID: id, Revision: 3})
		}
		return nil
	})
	return changed, err
}

func (s *fakeStore) ForgetHosts(_ context.Context, _ time.Duration, _, limit int) (forgotten int, err error) {
	err = s.do(func() error {
		if s.refusing != nil {
			return s.refusing
		}
		forgotten = min(s.unused, limit)
		s.unused -= forgotten
		return nil
	})
	return forgotten, err
}

// refuse has ForgetHosts fail, and returns how many hosts are left that are not used.
func (s *fakeStore) refuse(err error) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = err
	return s.unused
}

func (s *fakeStore) CountLostDelivery(
	_ context.Context, j media.Job, f *fault.Failure, decide media.Decide,
) (media.LostAttempt, error) {
	outcome := media.OutcomeRetried
	err := s.do(func() error {
		img, ok := s.images[j.ImageID]
		if !ok || img.status != catalog.Pending || img.generation != j.Generation {
			return conflict()
		}
		img.attempt++
		img.lost++
		var again bool
		img.failure = f
		if img.delay, again = decide(media.Spent{Attempts: img.attempt, Lost: img.lost}); !again {
			img.status, outcome = catalog.Failed, media.OutcomeFailed
		}
		return nil
	})
	return media.LostAttempt{Changed: catalog.Changed{ProductID: j.ProductID, Revision: 2}, Outcome: outcome}, err
}

func (s *fakeStore) Unchanged(_ context.Context, c media.Claim) error {
	return s.do(func() error {
		img, ok := s.images[c.ImageID]
		if !ok || img.generation != c.Generation || img.attempt != c.Attempt {
			return conflict()
		}
		img.status, img.unchanged = catalog.Ready, true
		return nil
	})
}

func (s *fakeStore) KeepUnreadable(_ context.Context, m media.Unreadable) error {
	return s.do(func() error {
		s.unreadable = append(s.unreadable, m)
		return nil
	})
}

func (s *fakeStore) Sweep(_ context.Context, p media.SweepPolicy) (swept []media.LostAttempt, err error) {
	err = s.do(func() error {
		for id, img := range s.images {
			if img.status == catalog.Processing && !p.KeepLeases && len(swept) < p.Limit {
				img.status, img.failure = catalog.Pending, p.Lost
				swept = append(swept, media.LostAttempt{Changed: catalog.Changed{ProductID: id, Revision: 4}, Outcome: media.OutcomeRetried})
			}
		}
		return nil
	})
	return swept, errors.Join(err, s.sweepFails)
}

// fakeWork fetches, renders and stores as its functions say.
type fakeWork struct {
	fetch  func(ctx context.Context, url string) ([]byte, error)
	render func(ctx context.Context, source []byte) (media.Rendered, error)
	put    func(key string) error

	mu       sync.Mutex
	renders  int
	patience time.Duration // of the last fetch
	version  media.Version // of every source
	hops     []media.Hop   // of every fetch
	objects  map[string][]byte
}

func (w *fakeWork) Fetch(ctx context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	w.mu.Lock()
	w.patience = s.Patience
	version := w.version
	w.mu.Unlock()
	if s.Known != (media.Version{}) && s.Known == version {
		return media.Answer{Version: version, Unchanged: true}, nil
	}
	body, err := []byte("bytes of "+s.URL), error(nil)
	if w.fetch != nil {
		body, err = w.fetch(ctx, s.URL)
	}
	_, _ = into.Write(body)
	return media.Answer{Version: version, Status: 203, Redirects: 1, Hops: w.hops}, err
}

// fakeSpool has no bounds.
type fakeSpool struct{}

func (fakeSpool) New() media.Spooled { return &fakeSpooled{} }

type fakeSpooled struct {
	body   []byte
	closed bool
}

func (f *fakeSpooled) Write(b []byte) (int, error) {
	f.body = append(f.body, b...)
	return len(b), nil
}

func (f *fakeSpooled) Len() int64 { return int64(len(f.body)) }
func (f *fakeSpooled) Close()     { f.closed = true }

func (f *fakeSpooled) Reader() io.ReadSeeker { return bytes.NewReader(f.body) }

func (f *fakeSpooled) Bytes() ([]byte, error) {
	if f.closed {
		return nil, errors.New("it is closed")
	}
	return f.body, nil
}

func (w *fakeWork) Recipe() string { return "recipe 1" }

func (w *fakeWork) Render(ctx context.Context, _ media.Preset, source []byte) (media.Rendered, error) {
	w.mu.Lock()
	w.renders++
	w.mu.Unlock()
	if w.render != nil {
		return w.render(ctx, source)
	}
	return media.Rendered{
		Width: 640, Height: 480, Placeholder: "data:image/webp;base64,AA==",
		Notes:      []catalog.Note{catalog.FirstFrameOnly},
		Compressed: media.Encoded{Format: "jpeg", ContentType: "image/jpeg", Width: 640, Height: 480, Body: []byte("small")},
		Variants: []media.Encoded{
			{Format: "webp", ContentType: "image/webp", Width: 320, Height: 240, Body: []byte("tiny")},
		},
	}, nil
}

func (w *fakeWork) Put(_ context.Context, key, _ string, body []byte) error {
	if w.put != nil {
		if err := w.put(key); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.objects == nil {
		w.objects = map[string][]byte{}
	}
	w.objects[key] = body
	return nil
}

// announcements records what was announced.
type announcements struct {
	mu    sync.Mutex
	seen  []catalog.Changed
	calls int
}

func (a *announcements) Announce(_ context.Context, changed ...catalog.Changed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, changed...)
	a.calls++
}
