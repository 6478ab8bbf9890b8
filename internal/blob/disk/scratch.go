package disk

import (
	"errors"
	"io/fs"
	"time"
)

func (s *Store) makeScratch() error {
	if err := s.root.Mkdir(scratch, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// collectSometimes collects leftovers once in leftoverAge.
func (s *Store) collectSometimes() {
	last := s.swept.Load()
	now := time.Now()
	if now.Sub(time.Unix(0, last)) > leftoverAge && s.swept.CompareAndSwap(last, now.UnixNano()) {
		s.collect()
	}
}

// collect removes the temporary files of processes that were killed. What
// cannot be removed now is tried again the next time.
func (s *Store) collect() {
	s.swept.Store(time.Now().UnixNano())
	entries, err := fs.ReadDir(s.root.FS(), scratch)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > leftoverAge {
			_ = s.root.Remove(scratch + "/" + entry.Name())
		}
	}
}
