// Package disk keeps objects as files below one folder, for the embedded mode.
// Any number of processes may use the folder at once.
//
// An object is written to a temporary file in the hidden folder .tmp, synced,
// and renamed to its key, so a reader sees all of it or nothing, and what Put
// has acknowledged outlives a loss of power. Temporary files that a killed
// process left behind are removed an hour later.
//
// What a file system cannot do, and S3 can: a key cannot lie below another key
// (a and a/b), and a segment of a key has at most 255 bytes. The content type
// is not stored but follows from the key's extension (jpg, jpeg, png, gif,
// webp, avif); Put refuses any other extension or a content type that is not
// the extension's. Private objects (blob.Private) have no extension and are
// application/octet-stream. These refusals are of kind fault.Invalid.
package disk
