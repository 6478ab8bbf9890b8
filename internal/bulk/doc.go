// Package bulk writes many products at once: in one transaction that one fault undoes,
// or a part at a time, each recorded under the request's key, so that a request that is
// repeated goes on where the first one ended. What a product may be is a rule of catalog.
package bulk
