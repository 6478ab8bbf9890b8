package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/tracing/otlptest"
)

// tracedShapes are ways to run the system with its spans sent to a collector, and the processes
// of each: the API first, the worker last.
func tracedShapes() map[string]func(t *testing.T, env map[string]string) []*systemtest.Process {
	return map[string]func(t *testing.T, env map[string]string) []*systemtest.Process{
		"embedded": func(t *testing.T, env map[string]string) []*systemtest.Process {
			t.Helper()
			env["DATA_DIR"] = t.TempDir()
			return []*systemtest.Process{systemtest.Start(t, "serve", env)}
		},
		"servers": func(t *testing.T, env map[string]string) []*systemtest.Process {
			t.Helper()
			maps.Copy(env, systemtest.SharedServers(t))
			systemtest.Run(t, "migrate", env)
			return []*systemtest.Process{systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)}
		},
	}
}

// The trace that a shop has begun before it calls us, and its request for a refresh.
const (
	shopTrace, shopSpan       = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	importTrace               = "0af7651916cd43dd8448eb211c80319c"
	refreshTrace, refreshSpan = "7d3b1c0a9e8f47568a1b2c3d4e5f6071", "53995c3f42cd8ad8"
)

func traceparent(trace, span string) string { return "00-" + trace + "-" + span + "-01" }

// TestTraces follows a picture through all processes in one trace, and its refresh and a retry in
// traces of their own that are linked with those of the requests.
func TestTraces(t *testing.T) {
	t.Parallel()
	for name, start := range tracedShapes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := otlptest.New(t)
			env := collector.Env()
			env["JOB_BACKOFF"] = "50ms"
			processes := start(t, env)
			tr := &traced{Client: processes[0].Client(), collector: collector, photos: systemtest.NewSource(t)}
			path := tr.create("rocket.jpg", traceparent(shopTrace, shopSpan))
			image := tr.Finished(path).Images[0]
			tr.checkOneTrace(name == "servers")
			for msg, p := range map[string]*systemtest.Process{"request": processes[0], "image ready": processes[len(processes)-1]} {
				p.Logged(msg+" in the trace", func(l systemtest.LogLine) bool { return l["msg"] == msg && l["trace_id"] == shopTrace })
			}

			tr.Do(http.MethodPost, fmt.Sprintf("%s/images/%d/refresh", path, image.ID),
				map[string]string{"Traceparent": traceparent(refreshTrace, refreshSpan)}, "")
			tr.checkLinked("a refresh", tr.request(refreshTrace), func(s otlptest.Span) bool { return s.Attributes["vitrine.job.kind"] == "refresh" })

			tr.Finished(tr.create("flaky", "")) // it is not there at first
			failed := tr.attempt("that failed", func(s otlptest.Span) bool { return s.Attributes["vitrine.outcome"] == "retried" })
			if failed.Attributes["vitrine.reason"] != "source_unreachable" || !failed.Failed {
				t.Errorf("the attempt that failed is %+v", failed)
			}
			request := tr.request(failed.Trace)
			if request.ID != failed.Parent || request.Parent != "" {
				t.Errorf("the attempt that failed is below %s, the request is %+v", failed.Parent, request)
			}
			tr.checkLinked("a retry", request, func(s otlptest.Span) bool { return s.Attributes["vitrine.attempt"] == int64(2) })

			tr.Do(http.MethodPost, "/imports?user_id=1", map[string]string{"Content-Type": "application/x-ndjson", "Traceparent": traceparent(importTrace, shopSpan)},
				`{"product_name":"Lamp","product_price":1,"product_images":["`+tr.photos.URL+`/n/1"]}`)
			alone := tr.attempt("of an import", func(s otlptest.Span) bool {
				return s.Parent == "" && s.Attributes["vitrine.job.kind"] == "first" && s.Attributes["vitrine.attempt"] == int64(1)
			})
			if request := tr.request(importTrace); request.Name != "POST /imports" || alone.Trace == importTrace || len(alone.Links) > 0 {
				t.Errorf("the request is %+v, the attempt %+v", request, alone)
			}
		})
	}
}

// traced is a client of a system whose spans are collected.
type traced struct {
	systemtest.Client

	collector *otlptest.Collector
	photos    *systemtest.Source
}

// create posts a product with the picture of the source, within the trace, if any.
func (tr *traced) create(picture, traceparent string) (path string) {
	tr.T.Helper()
	headers := map[string]string{"Content-Type": "application/json"}
	if traceparent != "" {
		headers["Traceparent"] = traceparent
	}
	got, answer := tr.Do(http.MethodPost, "/products", headers,
		fmt.Sprintf(`{"user_id":1,"product_name":"Lamp","product_images":["%s/%s?secret=1"],"product_price":1}`, tr.photos.URL, picture))
	if got.StatusCode != http.StatusCreated {
		tr.T.Fatalf("create answered %d %s", got.StatusCode, answer)
	}
	return got.Header.Get("Location")
}

// await waits for a span that matches, and returns it.
func (tr *traced) await(what string, match func(otlptest.Span) bool) (s otlptest.Span) {
	tr.T.Helper()
	systemtest.Eventually(tr.T, what, func() bool {
		found := tr.collector.Spans(match)
		if len(found) > 0 {
			s = found[0]
		}
		return len(found) > 0
	})
	return s
}

func (tr *traced) request(trace string) otlptest.Span {
	tr.T.Helper()
	return tr.await("the request of trace "+trace, func(s otlptest.Span) bool { return s.Trace == trace && s.Kind == "server" })
}

func (tr *traced) attempt(what string, match func(otlptest.Span) bool) otlptest.Span {
	tr.T.Helper()
	return tr.await("the attempt: "+what, func(s otlptest.Span) bool { return s.Name == "image attempt" && match(s) })
}

// checkOneTrace wants the shop's trace to go from the request to the published picture, each span
// below the one that it is a part of.
func (tr *traced) checkOneTrace(servers bool) {
	tr.T.Helper()
	attempt := tr.attempt("in the shop's trace", func(s otlptest.Span) bool { return s.Trace == shopTrace })
	request := tr.request(shopTrace)
	all := tr.collector.Spans(func(s otlptest.Span) bool { return s.Trace == shopTrace })
	names := map[string]string{shopSpan: "the shop"}
	for _, s := range all {
		names[s.ID] = s.Name
	}
	below := map[string]int{}
	for _, s := range all {
		below[s.Name+" < "+names[s.Parent]]++
		if names[s.Parent] == "" {
			tr.T.Errorf("%s has no parent in the trace: %+v", s.Name, s)
		}
		if strings.Contains(fmt.Sprint(s.Attributes), "secret") {
			tr.T.Errorf("%s tells the query of a URL: %v", s.Name, s.Attributes)
		}
		tr.T.Logf("%-14s below %-14s %8s after the start, %8s long, in %s", s.Name, names[s.Parent],
			s.Began.Sub(request.Began).Round(10_000), s.Ended.Sub(s.Began).Round(10_000), s.Resource["vitrine.role"])
	}
	want := []string{
		"POST /products < the shop", "queue < POST /products", "image attempt < POST /products", "fetch < image attempt", "GET < fetch",
		"render < image attempt", "decode < render", "encode < render", "placeholder < render", "store < image attempt", "complete < image attempt",
	}
	if servers {
		want = append(want, "WITH < POST /products", "S3/PutObject < store", "UPDATE < complete")
		if request.Resource["service.instance.id"] == attempt.Resource["service.instance.id"] || attempt.Resource["vitrine.role"] != "worker" {
			tr.T.Errorf("request and attempt are of %v and %v", request.Resource, attempt.Resource)
		}
	}
	for _, w := range want {
		if below[w] == 0 {
			tr.T.Errorf("there is no %s in %v", w, slices.Sorted(maps.Keys(below)))
		}
	}
	if request.Resource["service.name"] != "vitrine" || request.Attributes["http.response.status_code"] != int64(http.StatusCreated) ||
		request.Attributes["http.route"] != "/products" || attempt.Attributes["vitrine.outcome"] != "ready" || attempt.Kind != "consumer" {
		tr.T.Errorf("request and attempt are %+v and %+v", request, attempt)
	}
	queue := tr.collector.Spans(func(s otlptest.Span) bool { return s.Trace == shopTrace && s.Name == "queue" })[0]
	if queue.Ended.Before(queue.Began) || queue.Ended.After(attempt.Ended) {
		tr.T.Errorf("in the queue from %s to %s, the attempt from %s to %s", queue.Began, queue.Ended, attempt.Began, attempt.Ended)
	}
}

// checkLinked wants an attempt with a trace of its own, linked with the request's, to its end.
func (tr *traced) checkLinked(what string, request otlptest.Span, match func(otlptest.Span) bool) {
	tr.T.Helper()
	attempt := tr.attempt(what, match)
	if attempt.Trace == request.Trace || attempt.Parent != "" || !slices.Equal(attempt.Links, []string{request.Trace + "/" + request.ID}) {
		tr.T.Errorf("%s: the request is %s/%s, the attempt %+v", what, request.Trace, request.ID, attempt)
	}
	tr.await("the end of "+what, func(s otlptest.Span) bool {
		return s.Trace == attempt.Trace && s.Parent == attempt.ID && s.Name == "complete" && !s.Failed
	})
}
