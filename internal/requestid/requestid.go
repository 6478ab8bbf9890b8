// Package requestid carries the id of an HTTP request through contexts: to the
// log lines, into the job on the queue, and to the worker's log lines.
package requestid

import "context"

type key struct{}

// With returns a context that carries the id.
func With(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, key{}, id)
}

// From returns the id that ctx carries, "" for none.
func From(ctx context.Context) string {
	id, ok := ctx.Value(key{}).(string)
	if !ok {
		return ""
	}
	return id
}
