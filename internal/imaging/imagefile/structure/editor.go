package structure

// Editor copies a file with changes, which are made from front to back. Where
// there are none, there is no copy.
type Editor struct {
	Src  []byte
	out  []byte // Src[:done] with the changes
	done int
}

// Replace puts other bytes in the place of Src[from:to], which has not been
// passed yet.
func (e *Editor) Replace(from, to int, with ...byte) {
	if e.out == nil {
		e.out = make([]byte, 0, len(e.Src)+16)
	}
	e.out = append(append(e.out, e.Src[e.done:from]...), with...)
	e.done = to
}

// Position is where the byte at the place of Src, which has not been passed
// yet, comes to be in the result.
func (e *Editor) Position(at int) int { return len(e.out) + at - e.done }

// Result returns Src with the changes.
func (e *Editor) Result() []byte {
	if e.out == nil {
		return e.Src
	}
	e.out = append(e.out, e.Src[e.done:]...)
	e.done = len(e.Src)
	return e.out
}
