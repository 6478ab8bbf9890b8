// Package trace carries the request id from the HTTP request through the
// queue to the worker's log lines.
package trace

import "context"

type key struct{}

// WithRequestID returns a context that carries the id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, key{}, id)
}

// RequestID returns the id that ctx carries, "" for none.
func RequestID(ctx context.Context) string {
	id, ok := ctx.Value(key{}).(string)
	if !ok {
		return ""
	}
	return id
}
