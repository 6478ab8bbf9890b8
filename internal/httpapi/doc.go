// Package httpapi serves the catalog over HTTP: the routes, the form of
// requests and answers, the one map from errors to statuses, and the OpenAPI
// description generated from them. It checks the form of a request; the rules
// are those of package catalog, and the faults of both are reported together.
package httpapi
