// Package fsck compares what database, storage, queue and cache say
// about one another, and repairs what differs. Files that nothing refers to it
// collects with package gc.
package fsck
