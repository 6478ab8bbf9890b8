// Package client speaks with the API of a running server, in the types that the
// server itself is built on.
package client
