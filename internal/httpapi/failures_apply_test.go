package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

func TestDeadLettersReplayByIDs(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.fail(fault.SourceTimeout, "a.example", 3)
	s.unreadable("m", []byte("x"))
	ids := fmt.Sprintf(`{"ids":["image-%d","image-%d","image-%d","image-999","message-1"]`, images[0], images[2], images[0])
	skipped := `"skipped":[{"id":"message-1","reason":"cannot be replayed: the message is unreadable"},{"id":"image-999","reason":"is not a dead letter"}]}`
	wantBody(t, s.do("POST", "/dead-letters/replay", ids+`,"dry_run":true}`), `{"matched":2,"done":0,"dry_run":true,`+skipped)
	if n := len(letterIDs(t, s.do("GET", "/dead-letters", ""))); n != 4 {
		t.Errorf("%d dead letters after a dry run", n)
	}
	path := fmt.Sprintf("/products/%d", product)
	before := s.do("GET", path, "").Header().Get("ETag")
	wantBody(t, s.do("POST", "/dead-letters/replay", ids+`}`), `{"matched":2,"done":2,"dry_run":false,`+skipped)
	after := s.do("GET", path, "")
	if after.Header().Get("ETag") == before || strings.Count(after.Body.String(), `"status":"pending","attempts":0,`) != 2 {
		t.Errorf("the product at %s is still %s: %s", before, after.Header().Get("ETag"), after.Body)
	}
	w := s.do("POST", "/dead-letters/replay", ids+`}`)
	if !strings.Contains(w.Body.String(), `"done":0`) {
		t.Errorf("a second replay: %s", w.Body)
	}
	wantBody(t, s.do("POST", "/dead-letters/discard", fmt.Sprintf(`{"ids":["message-1","image-%d"]}`, images[1])),
		`{"matched":2,"done":2,"dry_run":false,"skipped":[]}`)
	wantBody(t, s.do("GET", "/dead-letters", ""), `{"data":[]}`)
}

func TestDeadLettersByFilter(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.fail(fault.SourceTimeout, "a.example", 3)
	s.fail(fault.SourceTimeout, "b.example", 2)
	s.unreadable("m", []byte("x"))
	for _, c := range []struct {
		path, body    string
		matched, done int
		left          int
	}{
		{"replay", `{"filter":{"host":"A.example"},"dry_run":true}`, 3, 0, 6},
		{"replay", `{"all":true,"dry_run":true}`, 5, 0, 6},
		{"discard", `{"filter":{},"all":true,"dry_run":true}`, 6, 0, 6},
		{"replay", `{"filter":{"host":"a.example","user_id":1,"reason":"source_timeout","failed_after":"2020-01-01T00:00:00Z"}}`, 3, 3, 3},
		{"discard", `{"filter":{"reason":"unreadable"}}`, 1, 1, 2},
		{"discard", `{"filter":{"product_id":77}}`, 0, 0, 2},
		{"replay", `{"filter":null,"ids":null,"all":true}`, 2, 2, 0},
	} {
		w := s.do("POST", "/dead-letters/"+c.path, c.body)
		wantBody(t, w, fmt.Sprintf(`{"matched":%d,"done":%d,"dry_run":%t,"skipped":[]}`, c.matched, c.done, strings.Contains(c.body, "dry_run")))
		if n := len(letterIDs(t, s.do("GET", "/dead-letters", ""))); n != c.left {
			t.Errorf("%s %s: %d are left, want %d", c.path, c.body, n, c.left)
		}
	}
}

func TestDeadLettersRefuse(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.fail(fault.SourceTimeout, "a.example", 1)
	many := strings.Repeat(`"image-1",`, 1000) + `"image-2"`
	const badID = " must be an id such as image-42 or message-7"
	for body, want := range map[string][]string{
		`{}`:                              {"ids must be given, or a filter"},
		`{"dry_run":true}`:                {"ids must be given, or a filter"},
		`{"ids":[]}`:                      {"ids must not be empty"},
		`{"ids":[` + many + `]}`:          {"ids must have at most 1000 entries"},
		`{"ids":["image-1"],"filter":{}}`: {"ids must not be given together with filter"},
		`{"ids":["image-1"],"all":true}`:  {"all is for an empty filter, not for ids"},
		`{"ids":["image-1"],"rate":5}`:    {"rate is for a filter; ids are always done at once"},
		`{"ids":"image-1"}`:               {"ids must be an array of ids such as image-42, not a string"},
		`{"ids":["image-0",42,"x","image-01","image-1 ","message-9007199254740992",null]}`: {
			"ids[0]" + badID, "ids[1]" + badID, "ids[2]" + badID, "ids[3]" + badID, "ids[4]" + badID, "ids[5]" + badID, "ids[6]" + badID,
		},
		`{"filter":{}}`:                      {"filter is empty and selects every dead letter: say so with all: true"},
		`{"filter":{},"all":false}`:          {"filter is empty and selects every dead letter: say so with all: true"},
		`{"filter":{"host":"x"},"all":true}`: {"all is for an empty filter only"},
		`{"filter":[]}`:                      {"filter must be an object, not an array"},
		`{"filter":{"user_id":0}}`:           {"filter.user_id must be an integer from 1 to 9007199254740991"},
		`{"filter":{"user_id":"1"}}`:         {"filter.user_id must be an integer, not a string"},
		`{"filter":{"reason":"x","colour":1}}`: {
			"filter.colour is not a known field", "filter.reason must be one of the reasons, such as source_not_found or unreadable",
		},
		`{"filter":{"failed_after":"now"}}`:  {"filter.failed_after must be an RFC 3339 time such as 2026-11-23T06:00:00Z"},
		`{"filter":{"reason":"unreadable"}}`: {"filter.reason cannot be replayed: such messages are unreadable"},
		`{"all":true,"rate":0}`:              {"rate must be an integer from 1 to 100000"},
		`{"all":true,"rate":100001}`:         {"rate must be an integer from 1 to 100000"},
		`{"all":true,"rate":1.5}`:            {"rate must be an integer"},
		`{"all":"yes"}`:                      {"all must be true or false, not a string", "ids must be given, or a filter"},
		`{"all":true,"speed":1}`:             {"speed is not a known field"},
		`[]`:                                 {"body must be a JSON object"},
	} {
		p := wantProblem(t, s.do("POST", "/dead-letters/replay", body), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, want) {
			t.Errorf("%.60s: errors = %q, want %q", body, got, want)
		}
	}
	wantProblem(t, s.do("POST", "/dead-letters/replay", `{"all":`), http.StatusBadRequest)
	wantProblem(t, s.do("POST", "/dead-letters/discard", `{}`, "Content-Type", "text/plain"), http.StatusUnsupportedMediaType)
	if n := len(letterIDs(t, s.do("GET", "/dead-letters", ""))); n != 1 {
		t.Errorf("%d dead letters after refusals only", n)
	}
}

func TestDeadLetterJobs(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	wantBody(t, s.do("GET", "/dead-letters/jobs", ""), `{"data":[]}`)
	s.fail(fault.SourceTimeout, "a.example", 2)
	w := s.do("POST", "/dead-letters/replay", `{"filter":{"host":"a.example","failed_after":"2020-01-01T00:00:00Z"},"rate":5}`)
	wantStatus(t, w, http.StatusAccepted)
	wantHeader(t, w, "Location", "/dead-letters/jobs/1")
	const start = `{"id":1,"action":"replay","filter":{"host":"a.example","failed_after":"2020-01-01T00:00:00Z"},"rate":5,"total":2,"done":0,"state":"running","created_at":"20`
	if !strings.HasPrefix(w.Body.String(), start) || s.wakes.Load() != 1 {
		t.Errorf("job is %s, %d wakes", w.Body, s.wakes.Load())
	}
	wantBody(t, s.do("GET", "/dead-letters/jobs/1", ""), strings.TrimSpace(w.Body.String()))
	wantBody(t, s.do("GET", "/dead-letters/jobs", ""), `{"data":[`+strings.TrimSpace(w.Body.String())+`]}`)
	for range 2 {
		w = s.do("POST", "/dead-letters/jobs/1/abort", "")
		wantStatus(t, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), `"state":"aborted"`) || !strings.Contains(w.Body.String(), `"finished_at":"20`) {
			t.Errorf("aborted job is %s", w.Body)
		}
	}
	for _, path := range []string{"/dead-letters/jobs/77", "/dead-letters/jobs/77/abort"} {
		method := "GET"
		if strings.HasSuffix(path, "abort") {
			method = "POST"
		}
		wantProblem(t, s.do(method, path, ""), http.StatusNotFound)
	}
	wantProblem(t, s.do("GET", "/dead-letters/jobs/x", ""), http.StatusUnprocessableEntity)
}

// TestDeadLettersBecomeAJob: more than MaxIDs are not applied within a request.
func TestDeadLettersBecomeAJob(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	for i := range failures.MaxIDs + 1 {
		s.unreadable("m", []byte{byte(i), byte(i >> 8)})
	}
	wantBody(t, s.do("POST", "/dead-letters/discard", `{"all":true,"dry_run":true}`), `{"matched":1001,"done":0,"dry_run":true,"skipped":[]}`)
	w := s.do("POST", "/dead-letters/discard", `{"all":true}`)
	wantStatus(t, w, http.StatusAccepted)
	if !strings.Contains(w.Body.String(), `"filter":{},"total":1001,"done":0`) {
		t.Errorf("job is %s", w.Body)
	}
}

func TestReplayImage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.fail(fault.UnsupportedType, "a.example", 2)
	image := fmt.Sprintf("/products/%d/images/%d", product, images[1])
	wantStatus(t, s.do("PATCH", image, `{"alt":"A lamp"}`), http.StatusOK)
	path := image + "/replay"
	w := s.do("POST", path, "")
	wantStatus(t, w, http.StatusAccepted)
	img := imageOf(t, w.Body.Bytes())
	if img.ID != images[1] || img.SourceURL != "https://a.example/1.jpg" || img.Status != "pending" || img.Attempts != 0 || img.Reason != nil ||
		img.Alt != "A lamp" || img.Position != 1 || img.CreatedAt.IsZero() || img.UpdatedAt.IsZero() {
		t.Errorf("the image is %+v", img)
	}
	wantHeader(t, w, "ETag", s.do("GET", fmt.Sprintf("/products/%d", product), "").Header().Get("ETag"))
	p := wantProblem(t, s.do("POST", path, ""), http.StatusConflict)
	if p.Detail != "the image is pending; only a failed one can be replayed" {
		t.Errorf("detail = %q", p.Detail)
	}
	wantProblem(t, s.do("POST", fmt.Sprintf("/products/%d/images/%d/replay", product, images[1]+1), ""), http.StatusNotFound)
	wantProblem(t, s.do("POST", fmt.Sprintf("/products/%d/images/%d/replay", product+1, images[1]), ""), http.StatusNotFound)
	for _, bad := range []string{"/products/x/images/1/replay", "/products/1/images/0/replay"} {
		wantProblem(t, s.do("POST", bad, ""), http.StatusUnprocessableEntity)
	}
}
