// Package processsql keeps which processes are alive.
package processsql
