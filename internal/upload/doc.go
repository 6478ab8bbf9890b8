// Package upload takes pictures that clients send: it keeps them in the storage, as files
// that are private to those whose images are of them, and hands them to the workers.
package upload
