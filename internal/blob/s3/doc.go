// Package s3 keeps objects in a bucket of Amazon S3 or of any server that
// speaks its protocol. The bucket must exist; it need not be reachable when the
// store is made.
//
// Every operation is tried up to three times and bounded by Config.Timeout;
// reading a body is bounded by the time between its bytes. Objects carry their
// Content-Type and blob.CacheControl, and are read by the public directly from
// the bucket or from what stands in front of it (Config.PublicBaseURL): the
// bucket's policy has to allow that.
//
// Whatever keeps the storage from doing its work, wrong credentials and a
// missing bucket too, is of kind fault.Unavailable: an operator can repair it, and
// then the same call succeeds.
package s3
