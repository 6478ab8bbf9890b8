// Package jobsql keeps durable background jobs.
package jobsql
