package work

import (
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/statistics"
)

// DescribeImage describes Image.
func DescribeImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getCurrentImage", Tags: []string{"products"}, Summary: "Read an image as it is now, and what it waits for",
		Description: "Read from the database at every request, never from a cache: the product itself may say pending a moment longer, and does not say what for.",
		Parameters:  products.ImagePathParameters(),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The image", openapi.Schema[wire.CurrentImage](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeImageAttempts describes ImageAttempts.
func DescribeImageAttempts(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listImageAttempts", Tags: []string{"products"}, Summary: "List what has happened to an image: the attempts at it that have ended",
		Description: fmt.Sprintf("The last %[1]d attempts that were retried or failed, for %[2]d days; and the last %[1]d that published a picture, for as long as their events are kept. "+
			"A refresh that found nothing changed is not listed.", media.AttemptsKept, media.AttemptLife/(24*time.Hour)),
		Parameters: products.ImagePathParameters(),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The attempts", openapi.Schema[wire.ImageAttempts](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeQueue describes Queue.
func DescribeQueue(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getQueue", Tags: []string{"operation"}, Summary: "What images wait for, and who works on them",
		Description: fmt.Sprintf("Costs the same however many wait: of each state the first %d images are counted (of those in line twice as many), "+
			"by the time at which they are due, by rank, or by host. Users are of the images that were counted: at most %d, and at most %d processes.",
			dispatch.CountMost, dispatch.MostUsers, dispatch.MostProcesses),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The queue", openapi.Schema[wire.Queue](d))},
			http.StatusServiceUnavailable),
	}
}

// DescribeHistory describes History.
func DescribeHistory(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getQueueHistory", Tags: []string{"operation"}, Summary: "How attempts at images have ended, and what waited, over the last minutes",
		Description: "Counts of all processes by the minute, and beside them what waited and was in work at one moment of each. A point stands for 1, 5 or 15 minutes, " +
			"so that there are at most about a hundred; it begins at a multiple of that. Of the minutes that are over, the last may lack for a minute what a process has not written yet. " +
			"Minutes are kept for two days. They are statistics: where a process dies, what it has counted since it last wrote is lost, about a minute unless the database was out of reach.",
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The last minutes", openapi.Schema[wire.QueueHistory](d))},
			http.StatusServiceUnavailable),
	}
}

// HistoryQuery are the parameters of History.
func HistoryQuery() []*huma.Param {
	minutes := openapi.Integer(statistics.MaxMinutes, 360)
	minutes.Default = statistics.DefaultMinutes
	return []*huma.Param{openapi.Query(statistics.FieldMinutes, "How many minutes", minutes)}
}

// DescribeHosts describes Hosts.
func DescribeHosts(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listHosts", Tags: []string{"operation"}, Summary: "List the hosts that images are fetched from, by name",
		Description: fmt.Sprintf("A host is listed from the end of its first fetch on, until no one has used it for a day. Parked images are counted up to %d. "+
			"fetches are statistics of the last hour: durations are up to 9.1 %% off what was measured, and up to a minute is missing that a process has not written yet, "+
			"or has lost with its end. Each process counts those of some hundred hosts a minute.", dispatch.ParkedMost),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.Host]](d), openapi.Link("/hosts")),
		}, http.StatusServiceUnavailable),
	}
}

// DescribeTry describes Try.
func DescribeTry(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "tryHost", Tags: []string{"operation"}, Summary: "Have a host tried at once whose breaker is open",
		Description: "As if its time were over: the breaker lets one image through at a time until the host answers, and is closed then. An attempt that fails has it open again, for longer. " +
			"Refused for a host that is not known, and with 409 for one whose breaker is not open.",
		Parameters: []*huma.Param{{Name: dispatch.FieldHost, In: "path", Required: true, Description: "The host, as GET /hosts names it", Schema: openapi.Text("example.com")}},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The host", openapi.Schema[wire.Host](d))},
			http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// HostsQuery are the parameters of Hosts.
func HostsQuery() []*huma.Param {
	state := openapi.Text()
	state.Enum = []any{string(dispatch.HostFailing), string(dispatch.HostOpen)}
	return []*huma.Param{
		openapi.Query(dispatch.FieldHost, "Only this host", openapi.Text("example.com")),
		openapi.Query(dispatch.FieldState, "failing: only hosts whose last URLs have failed. open: of these only those whose breaker has opened and not closed since", state),
		openapi.Limit("Most hosts on one page", dispatch.DefaultHosts, dispatch.MaxHosts),
		openapi.Cursor(),
	}
}
