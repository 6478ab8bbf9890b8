package openapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// Responses adds the problems to the responses of an operation that may fail.
func (d *Document) Responses(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	return d.withProblems(good, append(problems, http.StatusInternalServerError)...)
}

// withProblems refers to the one answer of each status, which says the same of every operation.
func (d *Document) withProblems(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	for _, status := range problems {
		code := strconv.Itoa(status)
		name := "Problem" + code
		if d.doc.Components.Responses[name] == nil {
			d.doc.Components.Responses[name] = d.problem(status)
		}
		good[code] = &huma.Response{Ref: "#/components/responses/" + name}
	}
	return good
}

// problem is the answer with a problem of the status.
func (d *Document) problem(status int) *huma.Response {
	example, _ := httpkit.ProblemOf(errorOf(status))
	example.Instance = "4XKQ2VJ5D3M7YB6TRZP0HNWCEA"
	response := &huma.Response{
		Description: httpkit.StatusText(status),
		Content:     map[string]*huma.MediaType{httpkit.TypeProblem: {Schema: Schema[httpkit.Problem](d), Example: example}},
	}
	if status == http.StatusTooManyRequests {
		response.Headers = map[string]*huma.Param{
			"Retry-After": {Description: "Seconds until the request may succeed", Schema: Integer(math.MaxInt32, 42)},
			httpkit.HeaderRateLimitPolicy: {
				Description: `Where a limit is set, the quota and the window in seconds of each, also with every other answer`, Schema: Text(`"key";q=600;w=60`),
			},
			httpkit.HeaderRateLimit: {
				Description: `What is left of each quota, and the seconds until its window ends`, Schema: Text(`"key";r=0;t=42`),
			},
		}
	}
	return response
}

// errorOf is an error that is answered with the status, as an example.
func errorOf(status int) error {
	switch status {
	case http.StatusUnprocessableEntity:
		return fault.InvalidField("product_images[2]", "must be an http or https URL")
	case http.StatusTooManyRequests:
		return httpkit.Exceeded("key", 42*time.Second, "the API key has sent too many requests")
	case http.StatusInternalServerError:
		return fault.New(fault.Internal, "")
	}
	return httpkit.Refuse(status, "%s", map[int]string{
		http.StatusBadRequest:                   "the body is not valid JSON at line 3, column 1: unexpected end of JSON input",
		http.StatusUnauthorized:                 "an API key is required, as Authorization: Bearer vit_…",
		http.StatusForbidden:                    "user_id is not the user of this key: leave it out",
		http.StatusNotFound:                     "there is no such product",
		http.StatusRequestTimeout:               "the body took too long to arrive",
		http.StatusConflict:                     "the image is ready; only a failed one can be replayed",
		http.StatusGone:                         "the events after this position are gone",
		http.StatusPreconditionFailed:           "the product has changed since",
		http.StatusRequestEntityTooLarge:        "the body must have at most 1048576 bytes",
		http.StatusUnsupportedMediaType:         "the Content-Type must be application/json, in UTF-8",
		http.StatusRequestedRangeNotSatisfiable: "the range begins behind the end of the image",
		http.StatusMisdirectedRequest:           "without authentication this server answers to localhost only; ALLOWED_HOSTS adds other names",
		http.StatusServiceUnavailable:           "too many requests are being answered; try again",
	}[status])
}
