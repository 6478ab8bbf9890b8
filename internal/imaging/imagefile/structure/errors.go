package structure

import "errors"

// ErrBroken says that a file is not built as its format demands.
var ErrBroken = errors.New("broken structure")
