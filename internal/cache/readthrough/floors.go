package readthrough

import (
	"fmt"
	"time"

	"github.com/maypok86/otter/v2"
)

// maxFloors bounds the memory of floors: some 20 MB. A floor that is pushed out
// early leaves its key to the engine's own fences.
const maxFloors = 200_000

// floors are the highest versions, by key, that this process has served or
// heard of. They outlive every older entry of the engine.
type floors struct {
	versions *otter.Cache[string, int64]
}

func newFloors(life time.Duration) (*floors, error) {
	versions, err := otter.New(&otter.Options[string, int64]{
		MaximumSize: maxFloors, ExpiryCalculator: otter.ExpiryAccessing[string, int64](life),
	})
	if err != nil {
		return nil, fmt.Errorf("floors: %w", err)
	}
	return &floors{versions: versions}, nil
}

// of returns the floor of key, 0 for none.
func (f *floors) of(key string) int64 {
	version, _ := f.versions.GetIfPresent(key)
	return version
}

// raise lifts the floor of key to version; it never lowers one.
func (f *floors) raise(key string, version int64) {
	f.versions.Compute(key, func(old int64, found bool) (int64, otter.ComputeOp) {
		if found && old >= version {
			return old, otter.CancelOp
		}
		return version, otter.WriteOp
	})
}
