// Package statisticsql keeps what happened in each minute.
package statisticsql
