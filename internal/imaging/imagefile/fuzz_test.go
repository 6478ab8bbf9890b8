package imagefile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"testing"

	"vitrine.dev/internal/imaging/imagefile"
	giffile "vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
	"vitrine.dev/internal/imaging/imagefile/webp"
	"vitrine.dev/internal/imaging/imagingtest"
)

func seeds(f *testing.F) {
	f.Helper()
	photo := imagingtest.Picture(16, 12, 1)
	for _, body := range [][]byte{
		imagingtest.WithEXIF(imagingtest.JPEG(photo, 50), 6, true), imagingtest.PNG(photo),
		imagingtest.AnimatedGIF(8, 6, 2), imagingtest.TIFF(photo), imagingtest.EXIF(3, true),
		withWebPMetadata(simpleWebP(f), 240, 180), imagingtest.Fixture("animated.webp"),
		imagingtest.Fixture("photo.avif")[:64], imagingtest.Fixture("photo.heic"),
	} {
		f.Add(body)
	}
}

func FuzzInspect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		info := imagefile.Inspect(body)
		if info.Format != imagefile.Sniff(body) || info.Orientation < 1 || info.Orientation > 8 {
			t.Errorf("%+v", info)
		}
		_ = imagefile.Complete(body)
		if n, _ := giffile.Frames(append([]byte("GIF89a"), body...)); n < 0 {
			t.Error(n)
		}
		_ = webp.Animated(body)
		if f, err := webp.FirstFrame(body); err == nil && !f.Area.In(image.Rect(0, 0, f.Width, f.Height)) {
			t.Errorf("frame %v on a canvas of %d × %d", f.Area, f.Width, f.Height)
		}
		_ = imagefile.MediaType(body)
		err := imagefile.Bounded(body)
		if excess := (*structure.ExcessError)(nil); err != nil && (!errors.As(err, &excess) || excess.Count <= excess.Limit) {
			t.Errorf("%v", err)
		}
	})
}

func FuzzOrientation(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if o := tiff.Orientation(body); o < 1 || o > 8 {
			t.Error(o)
		}
	})
}

func FuzzStrip(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		stripped, err := imagefile.Strip(body)
		if err != nil {
			return
		}
		if len(stripped) > len(body) {
			t.Errorf("%d bytes became %d", len(body), len(stripped))
		}
		if info := imagefile.Inspect(stripped); info.Orientation != 1 || info.Profile != nil {
			t.Errorf("left: %+v", info)
		}
	})
}

// FuzzCompletePixels compares with image/gif, which is stricter.
func FuzzCompletePixels(f *testing.F) {
	seeds(f)
	photo := imagingtest.Picture(16, 12, 1)
	f.Add(imagingtest.GIF(photo))
	f.Add(imagingtest.BombGIF(9, 9))
	f.Fuzz(func(t *testing.T, body []byte) {
		body = append([]byte("GIF89a"), body[min(6, len(body)):]...)
		if len(body) < 10 || binary.LittleEndian.Uint16(body[6:]) > 256 || binary.LittleEndian.Uint16(body[8:]) > 256 {
			return // too much work
		}
		_, strict := gif.DecodeAll(bytes.NewReader(body))
		if err := imagefile.CompletePixels(body); err != nil && strict == nil {
			t.Errorf("image/gif reads what CompletePixels refuses: %v", err)
		}
	})
}

// FuzzRepair compares a file with what becomes of it: repaired once, it is never
// repaired again, and a JPEG that has its end can be taken apart.
func FuzzRepair(f *testing.F) {
	seeds(f)
	photo := imagingtest.JPEG(imagingtest.Picture(16, 12, 1), 50)
	f.Add(photo[:len(photo)-2])
	f.Add(append(append(bytes.Clone(photo[:2]), "\xff\xfe\x00\x00\x01\xff\xe0\x00\x10JFIF\x00\x03\x01\x00\x00\x01\x00\x01\x00\x00x"...), photo[2:]...))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		repaired, _ := imagefile.Repair(body)
		if !bytes.Equal(body, before) {
			t.Error("the source was written to")
		}
		if len(repaired) > len(body)+450 { // the codes of a JPEG are the longest that is added
			t.Errorf("%d bytes became %d", len(body), len(repaired))
		}
		if len(repaired) > 0 && imagefile.Sniff(body) != imagefile.Sniff(repaired) {
			t.Errorf("%s became %s", imagefile.Sniff(body), imagefile.Sniff(repaired))
		}
		if again, ended := imagefile.Repair(repaired); ended || !bytes.Equal(again, repaired) {
			t.Errorf("repaired again: %d bytes became %d", len(repaired), len(again))
		}
	})
}
