package gc

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/media"
)

const pageSize = 500

// Partitions is how many parts the renditions and sources are compared with their files in,
// by the first two digits of their keys. Keys are hashes (of other keys one is made), so the parts are
// equal, and one of them at a time is held in memory: of ten million files
// some 40,000, a few megabytes. The storage may list in any order.
const Partitions = 256

// partition is one of them, of renditions or of sources.
type partition struct {
	number  int // from 0
	sources bool
}

// partitions returns those of the number, whichever multiple of Partitions is added.
func partitions(number int) []partition {
	number %= Partitions
	return []partition{{number: number}, {number: number, sources: true}}
}

// partitionOf returns the partition of a key that is no hash: of what clients are sending, and of files of imports.
func partitionOf(key string) int {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(key))
	return int(hash.Sum32() % Partitions)
}

// within reports whether the partition is one of n from first on, whichever multiple of Partitions is added to first.
func within(number, first, n int) bool {
	return (number-first%Partitions+Partitions)%Partitions < n
}

func (p partition) key(digits string) string {
	if p.sources {
		return blob.Sources + digits
	}
	return digits
}

func (p partition) from() string { return p.key(fmt.Sprintf("%02x", p.number)) }

// prefix is what the keys of its files begin with.
func (p partition) prefix() string {
	if p.sources {
		return p.from()
	}
	return p.from() + "/"
}

// below is the first key of the next partition; digits sort before letters
// under every collation, punctuation does not.
func (p partition) below() string {
	if p.number == Partitions-1 {
		return p.key("g")
	}
	return partition{p.number + 1, p.sources}.from()
}

// keyOf returns the key of the rendition or source that the file is of; ok is false
// for a file that is none of ours.
func keyOf(file string) (key string, ok bool) {
	if blob.IsSource(file) {
		return file, true
	}
	return media.RenditionOf(file)
}

// expected is what the database says of one stored file.
type expected struct {
	rendition string
	bytes     int64
}

// survey is what the database says of a partition: the files that must be
// there, by key. Those of a rendition whose deletion was begun need not, unless
// an image refers to it.
type survey map[string]expected

func (f *Files) survey(ctx context.Context, p partition) (survey, error) {
	s := survey{}
	for from := p.from(); ; {
		page, err := f.store.Renditions(ctx, from, p.below(), pageSize)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			from = r.Key
			s.add(r)
		}
		if len(page) < pageSize {
			return s, nil
		}
	}
}

func (s survey) add(r Rendition) {
	if !r.Live && !r.Used {
		return
	}
	for _, out := range r.Outputs {
		s[out.Key] = expected{rendition: r.Key, bytes: out.Bytes}
	}
}

// difference is where the storage's listing and a survey part ways. Both moved
// while they were read, so all of it needs a second look.
type difference struct {
	missing []string            // keys that were not listed
	wrong   []string            // keys that were listed with another length
	strays  map[string][]string // keys that were not in the survey, by rendition
	objects int64               // all that were listed
	foreign int64               // whose names are none of ours
	young   int64               // strays within their grace
}

// compare lists the partition's files against a survey of them, which it
// uses up.
func (f *Files) compare(ctx context.Context, p partition, known survey) (difference, error) {
	d := difference{strays: map[string][]string{}}
	old := time.Now().Add(-f.cfg.Grace)
	err := f.blobs.List(ctx, p.prefix(), func(info blob.Info) error {
		d.objects++
		file, expected := known[info.Key]
		delete(known, info.Key)
		rendition, ours := keyOf(info.Key)
		switch {
		case expected && file.bytes != info.Bytes:
			d.wrong = append(d.wrong, info.Key)
		case expected:
		case !ours:
			d.foreign++
		case info.Modified.After(old):
			d.young++
		default:
			d.strays[rendition] = append(d.strays[rendition], info.Key)
		}
		return nil
	})
	for key := range known {
		d.missing = append(d.missing, key)
	}
	return d, err
}
