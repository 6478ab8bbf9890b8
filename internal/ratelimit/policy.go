package ratelimit

import (
	"context"
	"time"
)

// LeastQuota is the smallest quota: what is lent of it ahead of a lease is one request.
const LeastQuota = 10

// Policy is how many requests of one kind are allowed.
type Policy struct {
	Name   string        // of printable ASCII, without quotes and backslashes
	Quota  int64         // requests in a window, from LeastQuota
	Window time.Duration // in whole seconds, at least one
}

const (
	leasePart  = 20 // of the quota: 5 %
	creditPart = 10 // of the quota: 10 %
)

// lease is how many requests a process wants to have ahead.
func (p Policy) lease() int64 { return (p.Quota + leasePart - 1) / leasePart }

// credit is how many requests a process may answer before they are granted to it.
func (p Policy) credit() int64 { return p.Quota / creditPart }

// Leases hands out the requests of a window among processes.
type Leases interface {
	// Lease takes up to want requests of the policy from what is left to who in the
	// window that is now. It is safe for concurrent use; two calls take twice. The time
	// it takes is bounded. fault.Unavailable.
	Lease(ctx context.Context, p Policy, who string, want int64) (Lease, error)
}

// Lease is what was taken. Less than was wanted: nothing is left in the window.
type Lease struct {
	Granted int64
	Used    int64         // of the window by all, Granted included
	Window  int64         // numbers the windows of a policy; from 1
	Left    time.Duration // until the window ends
}

// Status is the answer to one request.
type Status struct {
	Allowed   bool
	Remaining int64         // of the quota, as far as is known here; 0 where it is not allowed
	Reset     time.Duration // until the window ends
}
