package imports

import (
	"context"
	"io"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
)

// Store keeps imports, each with its job. Every method is one transaction, safe for concurrent
// use, takes the time from the database's clock, and returns errors of kind fault.Unavailable
// where the database cannot be reached, beside those that it names.
type Store interface {
	// AddImport stores an import at the beginning of its file, with a job that is Running.
	// catalog.ErrUnknownUser.
	AddImport(ctx context.Context, i Import) (Import, error)
	// Import returns the import. fault.NotFound.
	Import(ctx context.Context, id int64) (Import, error)
	// Imports returns at most limit imports of the user, 0 for all, before the id, 0 for the
	// newest, newest first.
	Imports(ctx context.Context, user, before int64, limit int) ([]Import, error)
	// ImportResults returns at most limit results of rows behind the line, in the order of lines.
	ImportResults(ctx context.Context, id, line int64, limit int) ([]Result, error)
	// PauseImport makes a Running job Paused, and ResumeImport the other way round. They return
	// the import as it is then, in whichever state. fault.NotFound.
	PauseImport(ctx context.Context, id int64) (Import, error)
	ResumeImport(ctx context.Context, id int64) (Import, error)
	// CancelImport ends the import where it is: its job is Aborted, or with images in the phase
	// Cancelling until all of its images are terminal. It returns the import as it is then;
	// one that has ended stays as it is. fault.NotFound.
	CancelImport(ctx context.Context, id int64, images bool) (Import, error)

	// AdvanceImport writes the chunk, in the phase Writing, with its results and the position
	// behind it, and the job's progress: as many items as images were let in. Where the import
	// is not at the beginning of the chunk nothing is written. fault.Conflict as of
	// job.Kind.Step; where the user is being erased, the job is aborted.
	AdvanceImport(ctx context.Context, b job.Batch, c Chunk) (Import, []catalog.Changed, error)
	// LookAtImages counts where images of the next rows are, and ends the import where all are
	// terminal and no row is left; in the phase Cancelling, those that wait are made to fail as f
	// says. napping says that all were looked at and the job is leased to no one's work for a
	// while. fault.Conflict as of job.Kind.Step.
	LookAtImages(ctx context.Context, b job.Batch, f *fault.Failure) (i Import, changed []catalog.Changed, napping bool, err error)
	// RefuseImport ends an import whose file is gone. fault.Conflict as of job.Kind.Step.
	RefuseImport(ctx context.Context, b job.Batch) (Import, error)
	// PurgeImports removes at most limit results, or else imports, whose jobs were purged, and
	// returns how many.
	PurgeImports(ctx context.Context, limit int) (int, error)
	// ImportFiles returns which of the keys are those of files that imports still read.
	ImportFiles(ctx context.Context, keys []string) ([]string, error)
}

// Blobs is what imports need of blob.Store.
type Blobs interface {
	Delete(ctx context.Context, key string) error
	PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error
	OpenFrom(ctx context.Context, key string, offset int64) (blob.Object, error)
}
