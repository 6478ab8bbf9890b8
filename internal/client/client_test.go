package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

// serve answers each "METHOD path?query" with the status and the body given.
func serve(t *testing.T, answers map[string]string) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.Method+" "+r.URL.String()]
		if !known {
			t.Errorf("unexpected request %s %s", r.Method, r.URL)
		}
		var status int
		status, body := http.StatusOK, answer
		if n, rest, found := strings.Cut(answer, "|"); found {
			if _, err := fmt.Sscan(n, &status); err != nil {
				t.Error(err)
			}
			body = rest
		}
		if next, rest, found := strings.Cut(body, ">"); found {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
			body = rest
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return client.New(server.URL+"/", "")
}

func TestDeadLettersAreReadPageByPage(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC)
	first := "/dead-letters?failed_after=2026-11-26T06%3A00%3A00Z&host=h&limit=3&user_id=7"
	api := serve(t, map[string]string{
		"GET " + first:          `/dead-letters?p=2>{"data":[{"id":"image-5","new_field":1},{"id":"image-4"}]}`,
		"GET /dead-letters?p=2": `/dead-letters?p=3>{"data":[{"id":"image-3"},{"id":"image-2"}]}`,
	})
	var got []string
	for letter, err := range api.DeadLetters(t.Context(), wire.DeadFilter{Host: "h", UserID: 7, FailedAfter: &since}, 3) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, letter.ID+" "+string(letter.Raw))
	}
	if len(got) != 3 || got[0] != `image-5 {"id":"image-5","new_field":1}` || !strings.HasPrefix(got[2], "image-3") {
		t.Errorf("listed %q", got)
	}
}

func TestErrorsOfTheServer(t *testing.T) {
	t.Parallel()
	api := serve(t, map[string]string{
		"GET /dead-letters/jobs/1": `422|{"status":422,"detail":"no","errors":[{"field":"rate","reason":"must be positive"}]}`,
		"GET /dead-letters/jobs/2": `503|from a proxy`,
	})
	_, err := api.Job(t.Context(), "/dead-letters/jobs/1")
	answer, ok := errors.AsType[*client.Error](err)
	if !ok || answer.Status != 422 || client.IsTemporary(err) || err.Error() != "the server answered 422: no\n  rate must be positive" {
		t.Errorf("got %v", err)
	}
	if _, err := api.Job(t.Context(), "/dead-letters/jobs/2"); !client.IsTemporary(err) || err.Error() != "the server answered 503: Service Unavailable" {
		t.Errorf("got %v", err)
	}
	if _, err := client.New("http://127.0.0.1:1", "").Job(t.Context(), "/x"); !client.IsTemporary(err) || !strings.Contains(err.Error(), "--url") {
		t.Errorf("without a server: %v", err)
	}
}

func TestJobOrOutcome(t *testing.T) {
	t.Parallel()
	api := serve(t, map[string]string{
		"POST /dead-letters/replay":       `202|{"id":4,"state":"running","total":9}`,
		"POST /dead-letters/discard":      `{"matched":2,"done":1,"skipped":[{"id":"image-1","reason":"is gone"}]}`,
		"POST /dead-letters/jobs/4/abort": `409|{"status":409,"detail":"it has ended"}`,
		"GET /dead-letters/jobs/4":        `{"id":4,"state":"done","total":9,"done":9}`,
	})
	if _, job, err := api.ApplyToDeadLetters(t.Context(), "replay", wire.DeadOrder{All: true}); err != nil || job == nil || job.ID != 4 || job.Total != 9 {
		t.Errorf("job %+v, %v", job, err)
	}
	outcome, job, err := api.ApplyToDeadLetters(t.Context(), "discard", wire.DeadOrder{IDs: []string{"image-1"}})
	if err != nil || job != nil || outcome.Done != 1 || len(outcome.Skipped) != 1 {
		t.Errorf("outcome %+v, job %v, %v", outcome, job, err)
	}
	if job, err := api.AbortJob(t.Context(), "/dead-letters/jobs/4"); err != nil || job.State != "done" || job.Done != 9 {
		t.Errorf("a job that has ended is %+v, %v", job, err)
	}
}
