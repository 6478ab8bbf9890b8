// Package authsql keeps users, API keys and the audit log.
package authsql
