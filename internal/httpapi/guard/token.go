package guard

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit/openapi"
)

// ParamToken is the parameter of a stream token.
const ParamToken = "token"

// DescribeToken describes that parameter.
func DescribeToken() *huma.Param {
	return openapi.Query(ParamToken, "In place of the header Authorization, which an EventSource cannot send: a stream token, as POST /events/token makes them", openapi.Text("AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"))
}

// byToken returns whom the token stands for. A request has a key or a token (RFC 6750 section 2).
func (g *Guard) byToken(r *http.Request, token string) (auth.Principal, error) {
	if len(r.Header["Authorization"]) > 0 {
		return auth.Principal{}, unauthenticated(`, error="invalid_request"`, "a request has an API key or a stream token, not both")
	}
	p, err := g.tokens.Principal(r.Context(), token)
	switch {
	case errors.Is(err, auth.ErrStreamToken):
		return p, unauthenticated(invalidKey, auth.ErrStreamToken.Message)
	case err != nil:
		return p, fmt.Errorf("read a stream token: %w", err)
	}
	return p, nil
}
