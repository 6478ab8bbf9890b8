package imagingtest

import (
	"image"
	"image/color"
	"slices"

	"vitrine.dev/internal/fault"
)

// foreign is what must not be published.
const foreign = "<script>vitrine(polyglot)</script><?php system($_GET[0]); ?>"

// polyglots are pictures that are something else as well.
func polyglots() []attack {
	dot := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.White})
	archive := "PK\x03\x04\x14\x00\x00\x00\x00\x00" + foreign + "PK\x05\x06" + string(make([]byte, 18))
	pictures := map[string][]byte{
		"jpeg": JPEG(Picture(64, 48, 1), Quality), "progressive jpeg": Fixture("progressive.jpg"),
		"png": PNG(Picture(64, 48, 1)), "gif": GIF(Picture(64, 48, 1)), "animated gif": AnimatedGIF(40, 30, 2),
		// Light ones may be published as they came.
		"light jpeg": JPEG(dot, 1), "light png": lightPNG(dot), "light gif": GIF(dot), "light webp": Fixture("lossless.webp"),
		"webp": Fixture("photo.webp"), "tiff": TIFF(Picture(64, 48, 1)), "avif": Fixture("photo.avif"), "heic": Fixture("photo.heic"),
	}
	var list []attack
	for name, body := range pictures {
		for tail, text := range map[string]string{"html": foreign, "zip": archive, "pdf": "%PDF-1.4\n" + foreign + "%%EOF"} {
			list = append(list, attack{name + " and " + tail, slices.Concat(body, []byte(text)), harmless(), true})
		}
	}
	for name, body := range map[string][]byte{
		"gif with a comment":         slices.Concat(GIF(dot)[:13+6], []byte("\x21\xfe\x3c"+foreign[:60]+"\x00"), GIF(dot)[13+6:]),
		"gif that is a script":       slices.Concat([]byte("GIF89a/*"), GIF(dot)[8:], []byte("*/=1;"+foreign)),
		"jpeg with a comment":        inJPEG(segment(0xFE, []byte(foreign))),
		"jpeg with an application":   inJPEG(segment(0xEB, []byte(foreign))),
		"png with text":              inPNG(pngChunk("tEXt", []byte("Comment\x00"+foreign))),
		"png with a private chunk":   inPNG(pngChunk("viTr", []byte(foreign))),
		"png that begins as jpeg":    slices.Concat([]byte{0xFF, 0xD8, 0xFF}, PNG(dot)),
		"jpeg that begins as png":    slices.Concat(PNG(dot)[:8], JPEG(dot, 50)),
		"gif that begins as png":     slices.Concat(PNG(dot)[:8], GIF(dot)),
		"svg that begins as gif":     []byte("GIF89a<svg xmlns=\"http://www.w3.org/2000/svg\">" + foreign + "</svg>"),
		"html that begins as jpeg":   []byte("\xff\xd8\xff\xe0<html>" + foreign),
		"webp that is a wave":        slices.Concat([]byte("RIFF\x24\x00\x00\x00WEBPfmt "), make([]byte, 28)),
		"tiff that is a camera's":    []byte("II*\x00\x10\x00\x00\x00CR\x02\x00" + foreign),
		"tiff that is a big one":     []byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"),
		"avif that is a film":        []byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mp42isom\x00\x00\x00\x08mdat"),
		"heic without anything":      []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		"heic with brands of itself": []byte("\xff\xff\xff\xffftypheic\x00\x00\x00\x00mif1heic"),
	} {
		list = append(list, attack{name, body, harmless(), true})
	}
	// In front of a picture it is no picture.
	for name, body := range pictures {
		list = append(list, attack{"html and " + name, slices.Concat([]byte(foreign), body), []fault.Reason{fault.UnsupportedType}, false})
	}
	return list
}
