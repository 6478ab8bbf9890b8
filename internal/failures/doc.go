// Package failures is what people do about failed work: list it, replay it
// or discard it, one by one or as a job over all that a filter selects.
//
// A failure, in the API a dead letter, is an image that is failed and was not
// discarded, or a message that the broker gave up on and that is no image job.
// Nothing is copied: the images themselves are the list, so it cannot differ
// from them.
package failures
