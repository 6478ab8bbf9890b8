// Package accounts serves users, API keys and the audit log.
package accounts
