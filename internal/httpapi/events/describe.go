package events

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

const tag = "events"

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listEvents", Tags: []string{tag}, Summary: "List or follow what has changed",
		Description: "Every change of a product and of its images is an event. Their order is that of the log: events of one product are in the order of its changes, and none is missing between two that are read one after the other. " +
			"A key reads the events of its user; one with the scope operator those of all users. With Accept: " + typeStream + " the answer goes on with every new event, from the latest one where no position is given. " + following(),
		Parameters: parameters(),
		Responses:  answers(d),
	}
}

// DescribeOfProduct describes OfProduct.
func DescribeOfProduct(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listEventsOfProduct", Tags: []string{tag}, Summary: "List or follow what has changed of a product",
		Description: "As GET /events. The events of a product that was deleted are read there, with product_id. " + following(),
		Parameters:  append([]*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101)}, parameters()...),
		Responses:   answers(d),
	}
}

// DescribeToken describes Token.
func DescribeToken(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "createStreamToken", Tags: []string{tag}, Summary: "Make a token with which a browser follows events",
		Description: fmt.Sprintf("For pages, whose EventSource sends no header. The token stands for the user and the key of this request, can only read events, and opens streams for %d seconds. Streams that were opened with it end with the key.",
			int(auth.StreamTokenLife.Seconds())),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The token", openapi.Schema[wire.StreamToken](d))}, http.StatusServiceUnavailable),
	}
}

func following() string {
	return fmt.Sprintf("A stream ends when its key does, when the process stops, and where the client does not read for %d seconds; it is opened again with the id of the last event.", int(sendTimeout.Seconds()))
}

func parameters() []*huma.Param {
	wait := products.PreferWait()
	wait.Description = strings.Replace(wait.Description, "answer when the images are done", "where there are no events, answer when there are", 1)
	return []*huma.Param{
		wait,
		{Name: headerLastEventID, In: "header", Schema: openapi.Text("evt_5f0c9d1b2a3e4f60_4711"), Description: "Of a stream: the id of the last event that has arrived, in place of after"},
	}
}

func answers(d *openapi.Document) map[string]*huma.Response {
	kind := openapi.Property[wire.Event](d, "type")
	kind.Enum = nil
	for _, t := range events.Types() {
		kind.Enum = append(kind.Enum, string(t))
	}
	page := openapi.Response("A page, or the stream", openapi.Schema[wire.EventPage](d),
		openapi.Header(httpkit.HeaderPreferenceApplied, "wait=N: the answer was kept back for events, at most so many seconds", "wait=10"))
	page.Content[typeStream] = &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeString, Description: "Server-sent events. The id of each is that of the event, its data the event as JSON; there is a comment at least every 15 seconds",
		Examples: []any{"id: evt_5f0c9d1b2a3e4f60_4711\nevent: image.ready\n" + `data: {"id":"evt_5f0c9d1b2a3e4f60_4711","type":"image.ready"}` + "\n\n"},
	}}
	return d.Responses(map[string]*huma.Response{"200": page}, http.StatusNotFound, http.StatusGone, http.StatusServiceUnavailable)
}

// Query are the parameters of OfProduct.
func Query() []*huma.Param {
	return []*huma.Param{
		openapi.Query(feed.FieldAfter, "Where to begin: behind the event of this id, which next_cursor is too; oldest: with the oldest event that is kept; latest: with the next one. By default oldest for a page and latest for a stream", openapi.Text("evt_5f0c9d1b2a3e4f60_4711")),
		openapi.Query(feed.FieldTypes, "Only events of these types, separated by commas", openapi.Text(string(events.ImageReady)+","+string(events.ImageFailed))),
		openapi.Limit("Most events on one page; a stream has no limit", feed.DefaultLimit, feed.MaxLimit),
		guard.DescribeToken(),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	return append(Query(), openapi.Query(feed.FieldProductID, "Only events of this product, also of one that was deleted", openapi.Integer(catalog.MaxID, 101)))
}
