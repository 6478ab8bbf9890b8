// Package requestid carries the id of an HTTP request through contexts: to the
// log lines, into the job on the queue, and to the worker's log lines.
package requestid

import "context"

type key struct{}

// Context is a context that carries an id.
type Context struct {
	context.Context //nolint:containedctx // it is one

	id string
}

// In returns a Context as a value, for who keeps it with other things of the request.
func In(ctx context.Context, id string) Context { return Context{ctx, id} }

// With returns a context that carries the id.
func With(ctx context.Context, id string) context.Context { return &Context{ctx, id} }

// Value implements context.Context.
func (c *Context) Value(k any) any {
	if k == (key{}) {
		return c
	}
	return c.Context.Value(k)
}

// From returns the id that ctx carries, "" for none.
func From(ctx context.Context) string {
	if c, ok := ctx.Value(key{}).(*Context); ok {
		return c.id
	}
	return ""
}
