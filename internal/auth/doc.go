// Package auth says who may do what: users, their API keys, the scopes of a key, the
// Principal that a request acts for, and the audit log of what was done.
package auth
