package structure

import "fmt"

// ExcessError says that a file has more parts than are accepted of a kind that
// costs a decoder time beside its pixels. The limits lie far above what cameras,
// phones and programs write. They come from the CPU time of libvips 8.14 and of
// pure Go on hostile files of 20 MB (see docs/reliability.md): the worst file
// that keeps them takes less than a tenth of the default IMAGE_RENDER_TIMEOUT
// more than its pixels do.
type ExcessError struct {
	Parts        string // what they are, in the plural
	Count, Limit int64
}

func (e *ExcessError) Error() string {
	return fmt.Sprintf("%d %s, at most %d are accepted", e.Count, e.Parts, e.Limit)
}

// Tally counts parts of one kind up to the limit.
type Tally struct {
	Parts        string // what they are, in the plural
	Limit, Count int64
}

// Add counts n more.
func (t *Tally) Add(n int64) { t.Count += min(n, 1<<40) }

// Excess returns an *ExcessError where there are more than the limit.
func (t *Tally) Excess() error {
	if t.Count > t.Limit {
		return &ExcessError{Parts: t.Parts, Count: t.Count, Limit: t.Limit}
	}
	return nil
}
