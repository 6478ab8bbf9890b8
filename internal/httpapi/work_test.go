package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/statistics"
)

// work has a product whose first image waits for a retry, and whose second one's host
// has an open breaker.
func (s *deadSetup) work() (product int64, images []int64) {
	s.t.Helper()
	ctx := s.t.Context()
	var fetches []media.Fetch
	for url := range int64(5) {
		fetches = append(fetches, media.Fetch{Host: "down.example", URL: url, Failure: fault.Fail(fault.SourceTimeout, "It was slow.", nil), Took: time.Second})
	}
	if _, err := s.db.RecordFetches(ctx, append(fetches, media.Fetch{Host: "a.example", URL: 1, Took: time.Second})); err != nil {
		s.t.Fatal(err)
	}
	p, err := s.db.CreateProduct(ctx, catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"https://a.example/1.jpg", "https://down.example/2.jpg"}})
	if err != nil {
		s.t.Fatal(err)
	}
	limits := dispatch.DefaultConfig().Limits
	limits.Slots, limits.Life = 10, time.Hour
	step, err := s.db.DispatchStep(ctx, dispatch.Request{Life: time.Hour, Ranks: 4}, dispatch.OneStep(limits, 10))
	if err != nil || len(step.Jobs) != 1 {
		s.t.Fatalf("dispatched %+v, %v", step, err)
	}
	c, err := s.db.Begin(ctx, step.Jobs[0], time.Minute)
	if err == nil {
		_, err = s.db.Retry(ctx, c, fault.Fail(fault.SourceTimeout, "It was slow.", nil), time.Hour)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, img := range p.Images {
		images = append(images, img.ID)
	}
	return p.ID, images
}

// TestCurrentImage: an image says what it waits for, and until when, and no cache
// keeps that.
func TestCurrentImage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.work()
	d := readSchemas(t, s.setup)
	get := func(image int64) (img wire.CurrentImage) {
		t.Helper()
		w := s.do("GET", fmt.Sprintf("/products/%d/images/%d", product, image), "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Cache-Control", "no-store")
		d.check("/products/{id}/images/{image_id}", "GET", w)
		if err := json.Unmarshal(w.Body.Bytes(), &img); err != nil {
			t.Fatal(err)
		}
		return img
	}
	retry := get(images[0])
	if w := retry.Waiting; retry.Status != "pending" || retry.Attempts != 1 || w == nil || w.For != "retry" || w.Until == nil || time.Until(*w.Until) < 50*time.Minute {
		t.Errorf("image is %+v, waiting %+v", retry, w)
	}
	host := get(images[1])
	if w := host.Waiting; w == nil || w.For != "host" || w.Until == nil {
		t.Errorf("image is %+v, waiting %+v", host, w)
	}
	if body := s.do("GET", fmt.Sprintf("/products/%d", product), "").Body.String(); !strings.Contains(body, "pending") || strings.Contains(body, "waiting") {
		t.Errorf("a cached answer says what is waited for: %s", body)
	}
	other, failed := s.fail("source_timeout", "b.example", 1)
	for path, status := range map[string]int{
		fmt.Sprintf("/products/%d/images/%d", product, failed[0]):    http.StatusNotFound,
		fmt.Sprintf("/products/%d/images/x", product):                http.StatusUnprocessableEntity,
		fmt.Sprintf("/products/%d/images/%d", product+50, images[0]): http.StatusNotFound,
	} {
		wantProblem(t, s.do("GET", path, ""), status)
	}
	product = other
	if img := get(failed[0]); img.Waiting != nil || img.Status != "failed" || img.Reason == nil {
		t.Errorf("image is %+v, waiting %+v", img, img.Waiting)
	}
}

// TestImageAttempts: what has happened to an image is told in order, and to who may read it.
func TestImageAttempts(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.work()
	d := readSchemas(t, s.setup)
	get := func(image int64) []wire.ImageAttempt {
		t.Helper()
		w := s.do("GET", fmt.Sprintf("/products/%d/images/%d/attempts", product, image), "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Cache-Control", "no-store")
		d.check("/products/{id}/images/{image_id}/attempts", "GET", w)
		var list wire.ImageAttempts
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return list.Data
	}
	got := get(images[0])
	if len(got) != 1 || got[0].Attempt != 1 || got[0].Generation != 1 || got[0].Outcome != "retried" || got[0].BegunAt == nil || got[0].Steps == nil ||
		got[0].Reason == nil || *got[0].Reason != (wire.Reason{Code: "source_timeout", Detail: "It was slow.", Retryable: true}) {
		t.Errorf("attempts are %+v", got)
	}
	if got := get(images[1]); got == nil || len(got) != 0 {
		t.Errorf("attempts of an image that waits are %+v", got)
	}
	for path, status := range map[string]int{
		fmt.Sprintf("/products/%d/images/%d/attempts", product, images[1]+50): http.StatusNotFound,
		fmt.Sprintf("/products/%d/images/x/attempts", product):                http.StatusUnprocessableEntity,
		fmt.Sprintf("/products/%d/images/%d/attempts", product+50, images[0]): http.StatusNotFound,
	} {
		wantProblem(t, s.do("GET", path, ""), status)
	}
}

// TestQueueAndHosts: what waits and the hosts are as the description says.
func TestQueueAndHosts(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.work()
	alive := processes.Process{
		ID: processes.NewID(), Role: "worker", Slots: 64, InFlight: 5, StartedAt: time.Now().Add(-time.Hour), Version: "v1.4.0", Draining: true,
		Use: processes.Use{Memory: 3 << 30, Renders: 2, PixelsUsed: 25_000_000, PixelBudget: 100_000_000},
	}
	if err := s.db.Heartbeat(t.Context(), alive); err != nil {
		t.Fatal(err)
	}
	d := readSchemas(t, s.setup)
	w := s.do("GET", "/queue", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Cache-Control", "no-store")
	d.check("/queue", "GET", w)
	var queue wire.Queue
	if err := json.Unmarshal(w.Body.Bytes(), &queue); err != nil {
		t.Fatal(err)
	}
	for _, state := range queue.States {
		want := map[string]int{"parked": 1, "later": 1}[state.State]
		if state.Images != want || state.More || (state.OldestAt == nil) != (want == 0) || state.WaitingFor == "" != (state.State == "begun") {
			t.Errorf("state is %+v", state)
		}
	}
	if len(queue.States) != 6 || len(queue.Users) != 1 || queue.Users[0] != (wire.QueueUser{UserID: 1, Waiting: 2}) {
		t.Errorf("queue is %+v", queue)
	}
	if len(queue.Processes) != 1 {
		t.Fatalf("processes are %+v", queue.Processes)
	}
	p := queue.Processes[0]
	if p.StartedAt.Sub(alive.StartedAt).Abs() > time.Minute || p.HeartbeatAt.Sub(p.StartedAt) < 50*time.Minute {
		t.Errorf("process is %+v", p)
	}
	if p.StartedAt, p.HeartbeatAt = (time.Time{}), (time.Time{}); p != (wire.QueueProcess{
		ID: alive.ID, Role: "worker", Slots: 64, InFlight: 5, Version: "v1.4.0", Draining: true,
		Memory: 3 << 30, Renders: 2, PixelsUsed: 25_000_000, PixelBudget: 100_000_000,
	}) {
		t.Errorf("process is %+v", p)
	}

	list := func(query, next string, want ...string) (hosts []wire.Host) {
		t.Helper()
		w := s.do("GET", "/hosts"+query, "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Cache-Control", "no-store")
		d.check("/hosts", "GET", w)
		var page wire.Page[wire.Host]
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		hosts = page.Data
		if (w.Header().Get("Link") != "") != (next != "") || len(hosts) != len(want) {
			t.Fatalf("%s: %+v, Link %q, want %v", query, hosts, w.Header().Get("Link"), want)
		}
		for i, h := range hosts {
			if h.Host != want[i] {
				t.Errorf("%s: host %d is %+v, want %s", query, i, h, want[i])
			}
		}
		if next != "" {
			link := strings.TrimPrefix(w.Header().Get("Link"), "</hosts")
			query, _, _ = strings.Cut(link, ">")
			w := s.do("GET", "/hosts"+query, "")
			if !strings.HasPrefix(w.Body.String(), `{"data":[{"host":"`+next+`"`) {
				t.Errorf("the next page is %s", w.Body)
			}
		}
		return hosts
	}
	list("", "", "a.example", "down.example")
	list("?limit=1", "down.example", "a.example")
	list("?host=A.example", "", "a.example")
	if h := list("?state=open", "", "down.example")[0]; h.Failures != 5 || h.OpenUntil == nil || h.Reason.Code != "source_timeout" || h.Parked != 1 || h.State != "open" {
		t.Errorf("host is %+v", h)
	}
	for _, bad := range []string{"?state=answers", "?limit=0", "?host=a%2Fb", "?cursor=x", "?cursor=AwA", "?x=1"} {
		w := s.do("GET", "/hosts"+bad, "")
		wantProblem(t, w, http.StatusUnprocessableEntity)
		d.check("/hosts", "GET", w)
	}
}

// TestFindings: what is wrong is said with what can be done, by what concerns most images.
func TestFindings(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	w := s.do("GET", "/findings", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Cache-Control", "no-store")
	s = newDeadSetup(t) // what was read is given out for a second
	s.fail(fault.SourceTimeout, "slow.example", 2)
	if _, err := s.db.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "n", Images: []string{"https://a.example/1.jpg", "https://a.example/2.jpg", "https://a.example/3.jpg"}}); err != nil {
		t.Fatal(err)
	}
	var got wire.Findings
	w = s.do("GET", "/findings", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Data) != 2 {
		t.Fatalf("answer is %s, %v", w.Body, err)
	}
	if f := got.Data[0]; f.Code != "no_worker" || f.Severity != "critical" || f.Text != "No worker is alive: 3 pictures wait." || f.Images != 3 || f.Action.Kind != "show_workers" {
		t.Errorf("first is %+v", f)
	}
	if f := got.Data[1]; f.Code != "pictures_failed" || f.Action.Kind != "retry_failures" || f.Action.Host != "slow.example" || f.Action.FailedAfter == nil || f.Since == nil {
		t.Errorf("second is %+v", f)
	}
}

// TestQueueHistory: the last minutes are as the description says, and of no more minutes than there may be.
func TestQueueHistory(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	d := readSchemas(t, s.setup)
	get := func(query string) (h wire.QueueHistory) {
		t.Helper()
		w := s.do("GET", "/queue/history"+query, "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Cache-Control", "no-store")
		d.check("/queue/history", "GET", w)
		if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	for query, want := range map[string][2]int{"": {60, 1}, "?minutes=1": {1, 1}, "?minutes=720": {48, 15}} {
		h := get(query)
		if n := len(h.Points); h.Length != want[1] || n < want[0] || n > want[0]+1 || h.Points[0].Backlog != nil || h.Points[0].Ready != 0 {
			t.Errorf("%q: %d points of %d minutes", query, n, h.Length)
		}
	}
	counts := statistics.Counts{Ready: 5, Retried: 4, Failed: 3, BytesIn: 1 << 40, BytesOut: 1 << 30}
	now, err := s.db.Add(t.Context(), counts, nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	minute := now.Add(-time.Hour).Truncate(time.Minute)
	if err := s.db.AddSample(t.Context(), minute, statistics.Sample{Waiting: 10_000, More: true, Oldest: 90*time.Second + 700*time.Millisecond, InFlight: 7}); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range get("?minutes=90").Points {
		if !p.At.Equal(minute) {
			continue
		}
		found++
		if p.Backlog == nil || *p.Backlog != (wire.QueueBacklog{Waiting: 10_000, More: true, OldestSeconds: 90, InFlight: 7}) {
			t.Errorf("backlog is %+v", p.Backlog)
		}
		if p.At, p.Backlog = (time.Time{}), nil; p != (wire.QueuePoint{Minutes: 1, Ready: 5, Retried: 4, Failed: 3, BytesIn: 1 << 40, BytesOut: 1 << 30}) {
			t.Errorf("point is %+v", p)
		}
	}
	if found != 1 {
		t.Errorf("%d points begin at %v", found, minute)
	}
	for _, bad := range []string{"?minutes=0", "?minutes=1441", "?minutes=1h", "?hours=1"} {
		w := s.do("GET", "/queue/history"+bad, "")
		wantProblem(t, w, http.StatusUnprocessableEntity)
		d.check("/queue/history", "GET", w)
	}
}

// TestConsistency: what the last checks found is as the description says, and a run that failed hides none that did not.
func TestConsistency(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	d := readSchemas(t, s.setup)
	get := func() (c wire.Consistency) {
		t.Helper()
		w := s.do("GET", "/consistency", "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Cache-Control", "no-store")
		d.check("/consistency", "GET", w)
		if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := get(); c.Fsck != nil || c.Complete != nil || c.Collector != nil || c.Round.ComparedAll || c.Round.Clean || c.Round.Turns != 0 || c.Round.Of != 16 || len(c.Round.Findings) == 0 {
		t.Errorf("before any run: %+v", c)
	}
	report := *gc.NewReport(gc.Findings())
	report.Found(gc.MissingObject, 3, "ab/1")
	report.Repaired(gc.MissingObject, 2)
	report.Checked["objects"] = 9
	part := report
	part.Part = true
	for _, r := range []gc.Run{
		{Task: gc.TaskFsck, By: "ann@host", Took: 1500 * time.Millisecond, Repair: true, Report: report},
		{Task: gc.TaskCollector, Place: 16, By: "P", Report: part},
		{Task: gc.TaskCollector, Place: 32, By: "Q", Report: part},
	} {
		if err := s.db.RecordRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	c := get()
	if f := c.Fsck; f == nil || f.Clean || !f.ComparedAll || f.By != "ann@host" || f.Seconds != 1.5 || !f.Repair || f.NextDueAt != nil || f.Checked["objects"] != 9 || c.Complete != nil {
		t.Errorf("fsck is %+v, %+v", c.Fsck, c.Complete)
	}
	if f := c.Round.Findings[0]; c.Round.Turns != 2 || c.Round.Since == nil || f.Count != 6 || f.Repaired != 4 || len(f.Samples) != 2 || c.Round.Checked["objects"] != 18 {
		t.Errorf("the round is %+v", c.Round)
	}
	if c.Collector == nil || c.Collector.ComparedAll || c.Collector.Clean {
		t.Errorf("a turn is %+v", c.Collector)
	}
	idle := *gc.NewReport(gc.Findings())
	idle.Part = true
	for i := range gc.Turns {
		if err := s.db.RecordRun(t.Context(), gc.Run{Task: gc.TaskCollector, Place: i * gc.Partitions / gc.Turns, Report: idle}); err != nil {
			t.Fatal(err)
		}
	}
	if c := get(); !c.Round.ComparedAll || !c.Round.Clean || c.Collector.ComparedAll || c.Collector.Clean {
		t.Errorf("a whole round is %+v, its last turn %+v", c.Round, c.Collector)
	}
	if err := s.db.RecordRun(t.Context(), gc.Run{Task: gc.TaskFsck, By: "ben@host", Failure: "It was stopped.", Report: *gc.NewReport(nil)}); err != nil {
		t.Fatal(err)
	}
	if c := get(); c.Fsck == nil || c.Fsck.By != "ben@host" || c.Fsck.Clean || c.Complete == nil || c.Complete.By != "ann@host" {
		t.Errorf("after one that failed: %+v, %+v", c.Fsck, c.Complete)
	}
}
