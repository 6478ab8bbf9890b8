// Package catalogsql keeps products, the keys of creates, and users.
package catalogsql
