package heif

import (
	"cmp"
	"encoding/binary"
	"math"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// maxItems of an AVIF or HEIC file, and pictures that one of them is put
// together from: the limit of items in libheif since 1.19. The grid of a
// phone's 48 megapixels has 192.
const maxItems = 1_000

// file is what the boxes of an AVIF or HEIC file say (ISO/IEC 14496-12 and
// 23008-12).
type file struct {
	width, height int64 // of the largest picture that is announced
	items         int64
	parts         map[uint32][]uint32 // of items that are put together from others
	references    int64
}

// box is one box: its type and what is in it.
type box struct {
	kind string
	body []byte
}

// nextBox returns the first box of rest and what follows it.
func nextBox(rest []byte) (b box, after []byte, ok bool) {
	if len(rest) < 8 {
		return b, nil, false
	}
	head, size := uint64(8), uint64(binary.BigEndian.Uint32(rest))
	switch {
	case size == 0: // up to the end
		size = uint64(len(rest))
	case size == 1 && len(rest) >= 16:
		head, size = 16, binary.BigEndian.Uint64(rest[8:])
	}
	if size < head || size > uint64(len(rest)) {
		return b, nil, false
	}
	return box{kind: string(rest[4:8]), body: rest[head:size]}, rest[size:], true
}

// eachBox calls visit for the boxes of the body.
func eachBox(body []byte, visit func(box)) {
	for b, rest, ok := nextBox(body); ok; b, rest, ok = nextBox(rest) {
		visit(b)
	}
}

// full is the body of a box that begins with a version and flags.
func (b box) full() (version byte, body []byte) {
	if len(b.body) < 4 {
		return 0, nil
	}
	return b.body[0], b.body[4:]
}

// Inspect reads the size and the number of frames. The decoder rotates the picture
// itself.
func Inspect(src []byte, info *structure.Info) {
	info.Frames = frames(src)
	f := read(src)
	info.Width, info.Height = f.width, f.height
}

// Bounded returns a *structure.ExcessError for too many items, or pictures that
// one is put together from.
func Bounded(src []byte) error { return read(src).bounded() }

func read(src []byte) file {
	f := file{parts: make(map[uint32][]uint32)}
	eachBox(src, func(b box) {
		if b.kind != "meta" {
			return
		}
		_, body := b.full()
		eachBox(body, func(b box) {
			switch b.kind {
			case "iinf":
				f.readItems(b)
			case "iref":
				f.readReferences(b)
			case "iprp":
				eachBox(b.body, func(b box) {
					if b.kind == "ipco" {
						eachBox(b.body, f.readProperty)
					}
				})
			}
		})
	})
	return f
}

// readItems counts the items.
func (f *file) readItems(b box) {
	version, body := b.full()
	count := 2
	if version > 0 {
		count = 4
	}
	eachBox(body[min(count, len(body)):], func(b box) {
		if b.kind == "infe" {
			f.items++
		}
	})
}

// readProperty keeps the largest size.
func (f *file) readProperty(b box) {
	if _, body := b.full(); b.kind == "ispe" && len(body) >= 8 {
		w, h := int64(binary.BigEndian.Uint32(body)), int64(binary.BigEndian.Uint32(body[4:]))
		if float64(w)*float64(h) > float64(f.width)*float64(f.height) {
			f.width, f.height = w, h
		}
	}
}

// readReferences keeps what each derived item is put together from.
func (f *file) readReferences(b box) {
	version, body := b.full()
	size := 2
	if version > 0 {
		size = 4
	}
	eachBox(body, func(b box) {
		if b.kind != "dimg" || len(b.body) < size+2 {
			return
		}
		id := func(p []byte) uint32 {
			if size == 4 {
				return binary.BigEndian.Uint32(p)
			}
			return uint32(binary.BigEndian.Uint16(p))
		}
		from, to := id(b.body), b.body[size+2:]
		for n := int(binary.BigEndian.Uint16(b.body[size:])); n > 0 && len(to) >= size; n, to = n-1, to[size:] {
			if f.references++; f.references <= maxItems {
				f.parts[from] = append(f.parts[from], id(to))
			}
		}
	})
}

// bounded returns an error for too many items, or pictures that one is put
// together from, be it over several levels.
func (f file) bounded() error {
	items := structure.Tally{Parts: "items", Limit: maxItems, Count: f.items}
	tiles := structure.Tally{Parts: "tiles", Limit: maxItems, Count: f.references}
	if err := cmp.Or(items.Excess(), tiles.Excess()); err != nil {
		return err
	}
	known := make(map[uint32]int64)
	for id := range f.parts {
		tiles.Count = max(tiles.Count, f.decodings(id, known))
	}
	return tiles.Excess()
}

// decodings is how many pictures are decoded for the item. One that is part of
// itself has no end of them.
func (f file) decodings(id uint32, known map[uint32]int64) int64 {
	if n, ok := known[id]; ok {
		return n
	}
	parts := f.parts[id]
	if len(parts) == 0 {
		return 1
	}
	known[id] = math.MaxInt32 // while its parts are counted
	sum := int64(0)
	for _, part := range parts {
		sum = min(sum+f.decodings(part, known), math.MaxInt32)
	}
	known[id] = sum
	return sum
}
