package frame

import (
	"context"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
)

// apart is the key of what Apart has marked.
type apart struct{}

// Apart has the handler answer at an origin at which the API is not.
func Apart(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), apart{}, true)))
	})
}

// IsApart reports whether the request came to an origin at which the API is not.
func IsApart(r *http.Request) bool { return r.Context().Value(apart{}) != nil }

// PathID returns an id in the path of the request, as the API reads it.
func PathID(r *http.Request, name string) (int64, error) {
	return httpkit.PathInteger(r, name, auth.MaxID)
}

// FormID returns an id among the fields or the parameters, 0 where it is absent or none.
func FormID(r *http.Request, name string) int64 {
	n, _ := httpkit.ParseInteger(r.FormValue(name), auth.MaxID)
	return n
}

// Query returns the address of the request's own page with a parameter changed; "" removes it, as it does
// the position of the page before.
func Query(r *http.Request, name, value string) string {
	q := r.URL.Query()
	q.Del("after")
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	if len(q) == 0 {
		return r.URL.Path
	}
	return r.URL.Path + "?" + q.Encode()
}

// ActingFor returns the principal for things of the user: an admin acts for anyone.
func ActingFor(by auth.Principal, user int64) auth.Principal {
	if by.May(auth.Admin) && user != 0 {
		by.User = user
	}
	return by
}

// Count is the number in a field, with or without commas; -1 where there is none.
func Count(text string) int64 {
	digits := make([]byte, 0, len(text))
	for _, c := range []byte(text) {
		if c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
