// Package apiclient is a client of the products of the API, as a public generator
// makes it of docs/openapi.yaml. A test holds it against the program: what it cannot
// be used for, other clients cannot either.
package apiclient

//go:generate go tool -modfile=../../../tools/go.mod oapi-codegen -config config.yaml -o client.gen.go ../../../docs/openapi.yaml
