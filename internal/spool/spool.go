package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// piece is by how much a file in memory grows, in bytes.
const piece = 64 << 10

// Spool hands out files. It is safe for concurrent use.
type Spool struct {
	folder string

	mu   sync.Mutex
	free int64 // bytes of memory
}

var _ media.Spool = (*Spool)(nil)

// New returns a Spool that holds at most so many bytes in memory and the others in
// the folder. Files there have no name: they are gone when they are closed, and when
// the process ends.
func New(folder string, memory int64) *Spool { return &Spool{folder: folder, free: memory} }

// Check reports whether files can be made in the folder: what exceeds the memory
// goes there, which may be long after the start.
func (s *Spool) Check() error {
	f, err := create(s.folder)
	if err != nil {
		return fmt.Errorf("downloads beyond %d MiB are kept in %s, which cannot be written: %w", s.free>>20, s.folder, err)
	}
	return f.Close()
}

// New implements media.Spool.
func (s *Spool) New() media.Spooled { return &file{of: s} }

func (s *Spool) take(bytes int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes > s.free {
		return false
	}
	s.free -= bytes
	return true
}

func (s *Spool) giveBack(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free += bytes
}

// file is a download: in pieces in memory, or on disk.
type file struct {
	of     *Spool
	length int64
	pieces [][]byte
	disk   *os.File // nil: in memory
}

// Len implements media.Spooled.
func (f *file) Len() int64 { return f.length }

// Write implements media.Spooled.
func (f *file) Write(b []byte) (n int, err error) {
	for len(b) > 0 && f.disk == nil {
		last := len(f.pieces) - 1
		if last < 0 || len(f.pieces[last]) == cap(f.pieces[last]) {
			if !f.of.take(piece) {
				if err := f.spill(); err != nil {
					return n, noRoom(err)
				}
				break
			}
			f.pieces = append(f.pieces, make([]byte, 0, piece))
			last++
		}
		fits := min(len(b), cap(f.pieces[last])-len(f.pieces[last]))
		f.pieces[last] = append(f.pieces[last], b[:fits]...)
		b, n = b[fits:], n+fits
		f.length += int64(fits)
	}
	if len(b) == 0 {
		return n, nil
	}
	written, err := f.disk.Write(b)
	f.length += int64(written)
	if err != nil {
		err = noRoom(err)
	}
	return n + written, err
}

// create makes a file without a name: it goes with the process, however that ends.
func create(folder string) (*os.File, error) {
	f, err := os.CreateTemp(folder, ".download-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// spill moves what there is to disk, and gives the memory back.
func (f *file) spill() error {
	disk, err := create(f.of.folder)
	if err != nil {
		return err
	}
	f.disk = disk
	for _, p := range f.pieces {
		if _, err := disk.Write(p); err != nil {
			return err
		}
	}
	f.forget()
	return nil
}

func (f *file) forget() {
	f.of.giveBack(int64(len(f.pieces)) * piece)
	f.pieces = nil
}

// Bytes implements media.Spooled.
func (f *file) Bytes() ([]byte, error) {
	all := make([]byte, f.length)
	if f.disk == nil {
		rest := all
		for _, p := range f.pieces {
			rest = rest[copy(rest, p):]
		}
		return all, nil
	}
	if _, err := io.ReadFull(io.NewSectionReader(f.disk, 0, f.length), all); err != nil {
		return nil, noRoom(fmt.Errorf("read it again: %w", err))
	}
	return all, nil
}

// Reader implements media.Spooled.
func (f *file) Reader() io.ReadSeeker { return io.NewSectionReader(f, 0, f.length) }

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(b []byte, at int64) (n int, err error) {
	if f.disk != nil {
		n, err = f.disk.ReadAt(b, at)
		if err != nil && err != io.EOF { //nolint:errorlint // io.ReaderAt returns io.EOF itself
			err = noRoom(fmt.Errorf("read it again: %w", err))
		}
		return n, err
	}
	for n < len(b) && at < f.length {
		copied := copy(b[n:], f.pieces[at/piece][at%piece:])
		n, at = n+copied, at+int64(copied)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Close implements media.Spooled.
func (f *file) Close() {
	f.forget()
	if f.disk != nil {
		_ = f.disk.Close() // nothing of it is wanted any more, or it is closed already
	}
}

// noRoom is worth another attempt: the disk is full, or not there, for now.
func noRoom(cause error) error {
	return fault.Fail(fault.StorageUnavailable, "There was no room to keep the downloaded picture.", cause)
}
