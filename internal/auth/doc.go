// Package auth says who may do what: users, their API keys, the scopes of a key, the
// Principal that a request acts for, and the audit log of what was done.
//
// More files than usual: each is a use case, or one kind of secret, and they share the principal.
package auth
