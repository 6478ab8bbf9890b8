package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/progress"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/statistics"
)

// deadSetup is an API over a real database, with failed work in it.
type deadSetup struct {
	*setup

	db    *sqlstore.Store
	deps  httpapi.Deps
	files *disk.Store  // of imports
	wakes atomic.Int32 // of the runner of jobs, which these tests have none of
}

func newDeadSetup(t *testing.T) *deadSetup {
	t.Helper()
	s := &deadSetup{setup: &setup{t: t, cache: catalogfake.NewCache(), images: &images{}, logs: &logs{}}, db: openSQLite(t)}
	log := slog.New(slog.NewJSONHandler(s.logs, nil))
	s.views = catalog.NewViews(s.cache, catalog.FixedEpoch("e"), log)
	s.deps = httpapi.Deps{
		Service:  catalog.NewService(s.db, s.views, catalog.DefaultKeyTTL),
		Bulk:     bulk.NewService(s.db, s.views, catalog.DefaultKeyTTL),
		Failures: failures.NewService(s.db, s.db, s.views, func() { s.wakes.Add(1) }),
		Refresh:  refresh.NewService(s.db, s.db, func() { s.wakes.Add(1) }),
		Work:     dispatch.NewInspector(s.db, dispatch.DefaultConfig().Limits),
		Attempts: attempts.NewService(s.db),
		Past:     statistics.NewService(s.db),
		Runs:     s.db,
		Progress: progress.New(log),
		Feed:     newFeed(s.db, log),
		Exports:  newExports(s.db, log),
		Imports:  newImports(t, s.db, s),
		Views:    s.views, Images: s.images, URL: imageURL, Accounts: auth.NewAccounts(s.db), HasKeys: true, Log: log,
		Uploads: newUploads(t, s.db), Signing: newSigning(),
	}
	s.deps.Findings = findings.NewService(findings.Sources{Queue: s.deps.Work, Failures: s.deps.Failures, Store: s.db}, log)
	s.handler = newAPI(t, s.deps)
	return s
}

// fail creates a product of n images and fails them; it returns their ids.
func (s *deadSetup) fail(reason fault.Reason, host string, n int) (product int64, images []int64) {
	s.t.Helper()
	return s.attempted(host, n, func(c media.Claim) error {
		_, err := s.db.Fail(s.t.Context(), c, fault.Fail(reason, "It did not work.", nil))
		return err
	})
}

// attempted creates a product of n images, which are begun and end as end has them.
func (s *deadSetup) attempted(host string, n int, end func(media.Claim) error) (product int64, images []int64) {
	s.t.Helper()
	ctx := s.t.Context()
	var urls []string
	for i := range n {
		urls = append(urls, fmt.Sprintf("https://%s/%d.jpg", host, i))
	}
	p, err := s.db.CreateProduct(ctx, catalog.NewProduct{UserID: 1, Name: "n", Images: urls, RequestID: "req-1"})
	if err != nil {
		s.t.Fatal(err)
	}
	request, plan := dispatch.Single(time.Hour, dispatch.LineWindow, dispatch.LineWindow)
	step, err := s.db.DispatchStep(ctx, request, plan)
	if err != nil || len(step.Jobs) < n {
		s.t.Fatalf("dispatched %+v, %v", step, err)
	}
	for _, job := range step.Jobs {
		if job.ProductID != p.ID {
			continue // a replay's
		}
		c, err := s.db.Begin(ctx, job, time.Minute)
		if err == nil {
			err = end(c)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		images = append(images, job.ImageID)
	}
	return p.ID, images
}

func (s *deadSetup) unreadable(id string, body []byte) {
	s.t.Helper()
	err := s.db.KeepUnreadable(context.WithoutCancel(s.t.Context()), media.Unreadable{
		MessageID: id, Body: body, Bytes: int64(len(body)), Digest: string(body),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// letterIDs are the ids of a page of dead letters.
func letterIDs(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	wantStatus(t, w, http.StatusOK)
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, l := range page.Data {
		list = append(list, l.ID)
	}
	return list
}

func TestDeadLettersList(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	wantBody(t, s.do("GET", "/dead-letters", ""), `{"data":[]}`)
	product, images := s.fail(fault.SourceTimeout, "a.example", 1)
	letters, err := s.db.ListFailures(t.Context(), failures.Filter{}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := letters[0].FailedAt.Format(time.RFC3339Nano)
	wantBody(t, s.do("GET", "/dead-letters", ""), fmt.Sprintf(
		`{"data":[{"id":"image-%d","kind":"image","failed_at":%q,"reason":{"code":"source_timeout","detail":"It did not work.","retryable":true},`+
			`"image_id":%d,"product_id":%d,"user_id":1,"source_url":"https://a.example/0.jpg","host":"a.example","attempts":1,"request_id":"req-1"}]}`,
		images[0], at, images[0], product))
	s.unreadable("m-1", []byte{0xff, 0})
	w := s.do("GET", "/dead-letters?reason=unreadable", "")
	for _, want := range []string{
		`"kind":"unreadable"`, `"code":"unreadable"`, `"retryable":false`, `"message_id":"m-1"`, `"bytes":2`, `"preview":"/wA="`, `"received_at":"20`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
	for query, want := range map[string]int{
		"": 2, "reason=source_timeout": 1, "reason=decode_failed": 0, "host=A.Example": 1, "host=b.example": 0, "user_id=1": 1, "user_id=2": 0,
		fmt.Sprintf("product_id=%d", product): 1, "product_id=77": 0, "failed_after=2026-01-01T00:00:00Z": 2,
		"failed_before=2020-01-01T01:00:00%2B01:00": 0, "failed_after=2100-01-01t00:00:00z": 0, "reason=&host=&limit=&cursor=": 2,
	} {
		if got := letterIDs(t, s.do("GET", "/dead-letters?"+query, "")); len(got) != want {
			t.Errorf("%s: %v, want %d", query, got, want)
		}
	}
}

func TestDeadLettersPages(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	_, images := s.fail(fault.DecodeFailed, "a.example", 5)
	s.unreadable("m", []byte("x"))
	s.fail(fault.SourceTimeout, "a.example", 1)
	const query = "failed_after=2020-01-01T00%3A00%3A00Z&limit=2&reason=decode_failed"
	var seen []string
	for next := "/dead-letters?" + query; next != ""; {
		w := s.do("GET", next, "")
		seen = append(seen, letterIDs(t, w)...)
		link := w.Header().Get("Link")
		if link == "" {
			break
		}
		path, rest, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">")
		if !ok || rest != `; rel="next"` || !strings.Contains(path, "&reason=decode_failed") {
			t.Fatalf("Link = %q", link)
		}
		next = path
	}
	var want []string
	for _, id := range images {
		want = append(want, fmt.Sprint("image-", id))
	}
	slices.Reverse(want)
	if !slices.Equal(seen, want) {
		t.Errorf("pages are %v, want %v", seen, want)
	}
}

func TestDeadLettersListRefuses(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	const cursor = "cursor must be taken from the Link of the page before"
	const moment = " must be an RFC 3339 time such as 2026-11-23T06:00:00Z"
	for query, want := range map[string][]string{
		"reason=nonsense":                   {"reason must be one of the reasons, such as source_not_found or unreadable"},
		"host=a/b":                          {"host must be the host of a URL, such as example.com"},
		"host=%ff":                          {"host must be the host of a URL, such as example.com"},
		"user_id=0":                         {"user_id must be an integer from 1 to 9007199254740991"},
		"product_id=x":                      {"product_id must be an integer from 1 to 9007199254740991"},
		"product_id=1&product_id=2":         {"product_id must be given only once"},
		"failed_after=yesterday":            {"failed_after" + moment},
		"failed_before=2026-11-23":          {"failed_before" + moment},
		"failed_after=0001-01-01T00:00:00Z": {"failed_after" + moment},
		"limit=1001":                        {"limit must be an integer from 1 to 1000"},
		"failed_after=2026-01-02T00:00:00Z&failed_before=2026-01-02T00:00:00Z": {"failed_after must be before failed_before"},
		"cursor=x":                        {cursor},
		"cursor=AQAAAAAAAABl":             {cursor}, // of products
		"cursor=AgAAAZqvz7gAaQAAAAAAAAAA": {cursor}, // id 0
		"cursor=AgAAAZqvz7gAegAAAAAAAAAB": {cursor}, // no such kind
		"cursor=Av____________lpAAAAAAAB": {cursor}, // a time beyond all
		"cursor=AwAAAZqvz7gAaQAAAAAAAAAB": {cursor}, // another form
		"cursor=AgAAAZqvz7gAaQAAAAAAAAAB": {cursor}, // well formed once, and not signed
	} {
		p := wantProblem(t, s.do("GET", "/dead-letters?"+query, ""), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, want) {
			t.Errorf("%s: errors = %q, want %q", query, got, want)
		}
	}
	wantProblem(t, s.do("GET", "/dead-letters?reason=%zz", ""), http.StatusBadRequest)
}

// TestSummaryOfDeadLetters: they are counted as they are listed, by reason, host and user.
func TestSummaryOfDeadLetters(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	wantBody(t, s.do("GET", "/dead-letters/summary", ""), `{"count":0,"more":false,"reasons":[],"hosts":[],"users":[],"other_hosts":0,"other_users":0}`)
	s.fail(fault.SourceTimeout, "slow.example", 2)
	s.fail(fault.SourceNotFound, "gone.example", 1)
	s.unreadable("m1", []byte("garbage"))
	var got wire.DeadSummary
	w := s.do("GET", "/dead-letters/summary?failed_after=2020-01-01T00:00:00Z", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Count != 4 || len(got.Reasons) != 3 || got.Reasons[0].Reason != "source_timeout" ||
		len(got.Hosts) != 2 || got.Hosts[0].Host != "slow.example" || got.Hosts[0].Reasons[0].Count != 2 || len(got.Users) != 1 || got.Users[0].Count != 3 ||
		got.Hosts[0].OldestAt == nil {
		t.Errorf("summary is %s, %v", w.Body, err)
	}
	w = s.do("GET", "/dead-letters/summary?host=SLOW.example&reason=source_not_found", "")
	wantBody(t, w, `{"count":0,"more":false,"reasons":[],"hosts":[],"users":[],"other_hosts":0,"other_users":0}`)
	wantProblem(t, s.do("GET", "/dead-letters/summary?reason=nonsense&user_id=x&limit=5", ""), http.StatusUnprocessableEntity)
}
