// Package openapi makes the OpenAPI 3.1 description of an API from its routes
// and the types of its answers.
package openapi
