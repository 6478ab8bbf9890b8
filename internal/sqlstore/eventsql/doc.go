// Package eventsql keeps the log of events and how far its readers have come.
package eventsql
