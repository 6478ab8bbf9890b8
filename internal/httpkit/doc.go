// Package httpkit is what every JSON API over HTTP needs and that knows no
// product: problem details, bodies, query parameters, conditional requests,
// idempotency keys, cursors and bounds on memory. Below it, form reads bodies
// field by field, openapi describes operations, and server has routes and what
// surrounds them.
package httpkit
