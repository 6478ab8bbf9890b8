// Package fsck compares what database, storage, outbox, queue and cache say
// about one another, mends what differs, and collects the files that nothing
// refers to any more. docs/design.md has the argument why files can be deleted
// while workers store new ones under the same keys.
package fsck
