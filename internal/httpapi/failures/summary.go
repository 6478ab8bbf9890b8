package failures

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// Summary answers with how many dead letters there are, by reason, host and user.
func (h *Handler) Summary(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	filter := queriedFilter(p)
	filter.FieldErrors = p.Errors
	s, err := h.Service.Summary(r.Context(), auth.From(r.Context()), filter)
	if err != nil {
		return fmt.Errorf("count dead letters: %w", err)
	}
	answer := wire.DeadSummary{
		DeadTally: wireTally(s.Tally), More: s.More, OtherHosts: s.OtherHosts, OtherUsers: s.OtherUsers, Reasons: wireReasons(s.Reasons),
		Hosts: make([]wire.DeadHost, len(s.Hosts)), Users: make([]wire.DeadUser, len(s.Users)),
	}
	for i, host := range s.Hosts {
		answer.Hosts[i] = wire.DeadHost{Host: host.Host, DeadTally: wireTally(host.Tally), Reasons: wireReasons(host.Reasons)}
	}
	for i, u := range s.Users {
		answer.Users[i] = wire.DeadUser{UserID: u.UserID, DeadTally: wireTally(u.Tally)}
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

func wireTally(t failures.Tally) wire.DeadTally {
	return wire.DeadTally{Count: t.Count, OldestAt: wire.OrNil(t.OldestAt), NewestAt: wire.OrNil(t.NewestAt)}
}

func wireReasons(list []failures.ReasonTally) []wire.DeadReason {
	out := make([]wire.DeadReason, len(list))
	for i, r := range list {
		out[i] = wire.DeadReason{Reason: string(r.Reason), Retryable: r.Reason.Retryable(), DeadTally: wireTally(r.Tally)}
	}
	return out
}

// DescribeSummary describes Summary.
func DescribeSummary(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "summarizeDeadLetters", Tags: []string{tag}, Summary: "Count failed work by reason, host and user",
		Description: fmt.Sprintf("Costs the same however much failed: the newest %d images and as many messages that the filter selects are counted. "+
			"At most %d hosts and %d users are listed, those with the most first.", failures.CountMost, failures.MostHosts, failures.MostUsers),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The counts", openapi.Schema[wire.DeadSummary](d))},
			http.StatusServiceUnavailable),
	}
}
