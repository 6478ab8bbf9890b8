// Package authsql keeps users, API keys, the signing key and the audit log.
package authsql
