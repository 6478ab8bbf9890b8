// Package products serves products: it decodes forms, applies the use cases of
// package catalog, and encodes answers once, for the cache.
package products
