// Package metrics declares every metric of the program, and exposes those of this
// process in the formats of Prometheus and OpenMetrics. Names begin with vitrine_, units are
// base units, and no label has a host, a user or a product as its value, so that
// the number of series is bounded. docs/metrics.md lists them.
package metrics
