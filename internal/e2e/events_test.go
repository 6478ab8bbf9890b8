package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// eventStream reads a stream of events in the background.
type eventStream struct {
	mu    sync.Mutex
	list  []wire.Event
	ended chan struct{}
}

// openStream opens one behind the event, "" for from now on, and returns when it has begun.
func openStream(t *testing.T, api, query, key, last string) *eventStream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/events"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", last)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w, err := http.DefaultClient.Do(r) //nolint:bodyclose // where it was read
	if err != nil {
		t.Fatal(err)
	}
	if w.StatusCode != http.StatusOK {
		t.Fatalf("a stream is answered with %d", w.StatusCode)
	}
	s := &eventStream{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		defer w.Body.Close()
		for lines := bufio.NewScanner(w.Body); lines.Scan(); {
			data, isData := strings.CutPrefix(lines.Text(), "data: ")
			if !isData {
				continue
			}
			var e wire.Event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Errorf("%s: %v", data, err)
			}
			s.mu.Lock()
			s.list = append(s.list, e)
			s.mu.Unlock()
		}
	}()
	return s
}

// seen are the ids of what was read.
func (s *eventStream) seen() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.list {
		ids = append(ids, e.ID)
	}
	return ids
}

func (s *eventStream) awaitEnd(t *testing.T, what string) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second): // a key is looked up again after 30 seconds
		t.Fatalf("the stream goes on after %s", what)
	}
}

// TestEvents follows what two processes of the API and a worker do: each stream has every event once,
// also where it goes on at the other process, and ends with its key at whichever process that is
// revoked.
func TestEvents(t *testing.T) {
	t.Parallel()
	env := maps.Clone(systemtest.SharedServers(t))
	env["AUTH"] = "on"
	src := systemtest.NewSource(t)
	systemtest.Run(t, "migrate", env)
	first, second := systemtest.Start(t, "api", env), systemtest.Start(t, "api", env)
	systemtest.Start(t, "worker", env)
	here, there := first.Client(), second.Client()
	admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	secret := key(t, systemtest.Run(t, "keys create --user 1 --name shop --scope products:read,products:write", env))
	call := func(c systemtest.Client, key, method, path, body string, into any) {
		t.Helper()
		got, answer := c.Do(method, path, map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + key, "Prefer": "wait=10"}, body)
		if got.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s %s answered %d: %s", method, path, got.StatusCode, answer)
		}
		if into != nil {
			c.Decode(answer, into)
		}
	}
	create := func(c systemtest.Client, n int) {
		t.Helper()
		call(c, secret, http.MethodPost, "/products", fmt.Sprintf(`{"product_name":"Lamp","product_price":1,"product_images":["%s/n/%d"]}`, src.URL, n), nil)
	}
	var token wire.StreamToken
	call(there, secret, http.MethodPost, "/events/token", "", &token)
	byKey, byToken := openStream(t, here.URL, "", secret, ""), openStream(t, here.URL, "?token="+token.Token, "", "")
	elsewhere := openStream(t, there.URL, "", secret, "")
	for n := range 4 {
		create([]systemtest.Client{here, there}[n%2], n)
	}
	all := func() (ids []string) {
		var page wire.EventPage
		call(there, secret, http.MethodGet, "/events?limit=1000", "", &page)
		for _, e := range page.Data {
			ids = append(ids, e.ID)
		}
		return ids
	}
	same := func(what string, got func() []string) {
		t.Helper()
		systemtest.Eventually(t, what+" has every event once", func() bool {
			want := all()
			return len(want) >= 8 && slices.Equal(got(), want)
		})
	}
	same("the stream by key", byKey.seen)
	same("the stream by token", byToken.seen)
	same("the stream of the other process", elsewhere.seen)

	first.Stop()
	byKey.awaitEnd(t, "its process was stopped")
	byToken.awaitEnd(t, "its process was stopped")
	create(there, 5) // while no one follows
	before := byKey.seen()
	resumed := openStream(t, there.URL, "?after=oldest", secret, before[len(before)-1])
	create(there, 6)
	same("the stream that goes on elsewhere", func() []string { return slices.Concat(before, resumed.seen()) })
	same("the stream that went on", elsewhere.seen)

	third := systemtest.Start(t, "api", env)
	var keys wire.Page[wire.Key]
	call(there, admin, http.MethodGet, "/keys", "", &keys)
	began := time.Now()
	call(third.Client(), admin, http.MethodDelete, fmt.Sprintf("/keys/%d", keys.Data[1].ID), "", nil)
	resumed.awaitEnd(t, "its key was revoked at another process")
	elsewhere.awaitEnd(t, "its key was revoked at another process")
	t.Logf("ended %s after the revocation", time.Since(began))
	if strings.Contains(first.Output(), token.Token) || strings.Contains(second.Output(), token.Token) {
		t.Error("a stream token is in the log")
	}

	env["VITRINE_API_KEY"] = admin
	printed := systemtest.Run(t, "events --types image.ready --url "+there.URL, env)
	if n := strings.Count(printed, "  image.ready"); n != 6 || strings.Count(printed, "\n")+1 != n {
		t.Errorf("events printed %q", printed)
	}
}
