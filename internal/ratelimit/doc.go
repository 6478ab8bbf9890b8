// Package ratelimit limits how many requests someone may send in a window of time,
// across any number of processes.
//
// Windows are fixed: they follow one another by one clock, and each begins with the
// whole quota. So around the end of one a client can send up to two quotas in a short
// time. That is the price of a count which processes can share: a window is one
// number, of which each process leases a share and spends it without asking anyone.
// A token bucket such as golang.org/x/time/rate counts for one process only, and a
// sliding window needs the time of every request in one place.
//
// A process takes 5 % of the quota at a time, ahead of need and in the background. It
// may spend up to 10 % of the quota more than it was given, so that no request waits
// for the first lease of a window; the next lease makes up for it. That is also by
// how much a process may exceed the quota, and all that it may. What it was given and
// does not spend, 5 % at most, is lost to the others until the window ends.
//
// A request waits only where it would be refused otherwise: its process has spent
// all of that, and a lease is under way. Where leases fail each process counts alone, to the
// whole quota, and reports what it has spent when they succeed again.
package ratelimit
