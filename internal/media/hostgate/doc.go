// Package hostgate decides whether the host of a source image may be asked for
// it now, so that no host that hangs or fails takes all slots of a worker: a
// limit of fetches for each host, and a circuit breaker.
package hostgate
