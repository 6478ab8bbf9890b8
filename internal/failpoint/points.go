package failpoint

// Point is a place where a process can be made to die. What is left behind
// there is said with each; the tests of package e2e die at every one of them.
type Point string

// The points, in the order in which the life of an image passes them.
const (
	Committed Point = "catalog.committed" // a create, change or delete is committed, neither announced nor answered

	BulkPart Point = "bulk.committed" // a part of a bulk request is committed, the next one is not begun

	ImportStored Point = "import.stored"    // the file of an import is in the storage, and the import is not there
	ImportAdded  Point = "import.added"     // the import is there, and not answered
	ImportStep   Point = "import.committed" // a step of an import is committed, not announced

	Dispatched Point = "dispatch.committed" // an image is out, its job not published
	Published  Point = "dispatch.published" // its job is published

	Invalidated Point = "cache.invalidated" // an event is announced to the cache, the reader is not beyond it

	Received        Point = "media.received"         // a job is received, the image is not begun
	Begun           Point = "media.begun"            // the attempt is counted
	Fetched         Point = "media.fetched"          // the source is in memory
	Rendered        Point = "media.rendered"         // the results are in memory
	StoredFirst     Point = "media.stored-first"     // a file is stored, and not yet all
	Stored          Point = "media.stored"           // all files are stored, nothing refers to them
	Completed       Point = "media.completed"        // the image is ready, the message not acknowledged
	FailureRecorded Point = "media.failure-recorded" // a failed attempt is recorded, the message not acknowledged
	Swept           Point = "media.swept"            // lost images are pending again or failed, nothing is announced

	DeleteBegun Point = "gc.delete-begun" // files are marked as being deleted, none is deleted
	Deleted     Point = "gc.deleted"      // they are deleted, their window is open

	Erased Point = "erasure.committed" // a step of the erasure of a user is committed, not announced

	// Named after the operation of the store whose transaction is written and
	// not committed.
	InComplete          Point = "complete image"
	InRetry             Point = "retry image"
	InFail              Point = "fail image"
	InReclaim           Point = "reclaim image"
	InImport            Point = "advance import"
	InCountLostDelivery Point = "count lost delivery"
)
