// Package events serves the log of events: pages, which can be waited for, and streams.
package events
