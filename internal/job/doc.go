// Package job is the engine of durable background jobs: what takes longer than
// a request, survives the process that works on it, and shows how far it is.
//
// A job is a row. A Runner in any process leases it and does step after step,
// each one transaction of the job's kind that writes the work together with the
// progress, so that a crash costs no item and repeats none. What a job does is
// its Kind's matter; the engine knows leases, rates, retries, aborts and
// retention.
package job
