// Package httpapi is the API of the catalog over HTTP: the table of routes, and
// the handlers of all resources put together behind one server.
package httpapi
