package httpapi

import (
	"context"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
)

// The memory that all requests may use at the same time, by purpose, and one user half of it:
// docs/operations.md adds it up.
const (
	maxListMemory   = 48 << 20 // pages that are read, encoded and sent
	maxDetailMemory = 16 << 20 // products that are sent
	maxBodyMemory   = 32 << 20 // bodies that are read, until their answer
	maxDecodeMemory = 32 << 20 // what decoding bodies makes of them
	maxReceiving    = 1 << 30  // pictures that are received, which are on disk for the most part
	maxImporting    = 4 << 30  // files of imports that are received, in the same way
	maxExportMemory = 32 << 20 // exports
)

// Importing returns what bounds the files of imports that are received, by the API and the console together.
func (d *Deps) Importing() httpkit.Budget {
	if d.importing == nil {
		shared := budget(maxImporting)
		d.importing = &shared
	}
	return *d.importing
}

// budget is one of so many bytes, for the users whose keys are presented.
func budget(bytes int64) httpkit.Budget {
	return httpkit.NewBudget(bytes, func(ctx context.Context) int64 { return auth.From(ctx).Caller })
}
