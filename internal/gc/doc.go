// Package gc collects the stored files that nothing refers to any more: those
// of workers that died before they could complete, and of products that were
// deleted. docs/design.md has the argument why files can be deleted while
// workers store new ones under the same keys. Package fsck compares with it, and
// repairs what it finds missing; its tests are those of both.
package gc
