package imagingtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"

	"vitrine.dev/internal/fault"
)

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>`

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(err)
	must(z.Close())
	return b.String()
}

// documents are files that others render and we do not: vectors, documents,
// films, and pictures of formats that are not accepted.
func documents() []attack {
	entities := `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + svg
	var list []attack
	for name, text := range map[string]string{
		"svg": svg, "svg after space": "\n\t " + svg, "svg after a mark": "\ufeff" + svg, "svg after a comment": "<!-- x -->" + svg,
		"svg in xml": `<?xml version="1.0"?>` + svg, "svg with entities": entities, "svg in UTF-16": "\xff\xfe<\x00s\x00v\x00g\x00",
		"svg with a file": `<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="file:///etc/passwd"/></svg>`,
		"svgz":            gzipped(svg), "gzip": gzipped("x"),
		"html": "<!DOCTYPE html><html><body>404</body></html>", "xml": `<?xml version="1.0"?><a/>`, "text": "hello", "json": `{"a":1}`,
		"csv": "1,2,3\n4,5,6\n", "mvg": "push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'https://x/'\npop graphic-context",
		"msl": `<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>`, "a list of files": "@/etc/passwd",
		"pdf": "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF", "postscript": "%!PS-Adobe-3.0\n(x) run\n",
		"eps": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "eps with a preview": "\xc5\xd0\xd3\xc6\x20\x00\x00\x00%!PS",
		"wmf": "\xd7\xcd\xc6\x9a\x00\x00\x00\x00\x00\x00\x09\x00\x09\x00", "emf": "\x01\x00\x00\x00\x6c\x00\x00\x00" + string(make([]byte, 32)) + " EMF",
		"psd": "8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x09\x00\x00\x00\x09\x00\x08\x00\x03", "xcf": "gimp xcf v011\x00",
		"djvu": "AT&TFORM\x00\x00\x00\x00DJVU", "docx": "PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "ole": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
		"rtf": "{\\rtf1 x}", "ico": "\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00", "cur": "\x00\x00\x02\x00\x01\x00\x10\x10\x00\x00",
		"bmp": "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", "tga": "\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\x09\x00\x18\x00",
		"pbm": "P1\n1 1\n0", "pgm": "P5\n1 1\n255\na", "ppm": "P6\n1 1\n255\nabc", "pam": "P7\nWIDTH 1\nHEIGHT 1\nENDHDR\n", "pfm": "PF\n1 1\n-1.0\n",
		"jpeg 2000": "\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg 2000 stream": "\xff\x4f\xff\x51", "jpeg xl": "\xff\x0a\x00", "jpeg xl in a box": "\x00\x00\x00\x0cJXL \r\n\x87\n",
		"jpeg xr": "II\xbc\x01\x08\x00\x00\x00", "qoi": "qoif\x00\x00\x00\x09\x00\x00\x00\x09\x04\x00", "flif": "FLIF\x31\x31", "bpg": "BPG\xfb\x20\x00",
		"openexr": "\x76\x2f\x31\x01\x02\x00\x00\x00", "radiance": "#?RADIANCE\n", "fits": "SIMPLE  =                    T", "dicom": string(make([]byte, 128)) + "DICM",
		"nifti": "\x5c\x01\x00\x00" + string(make([]byte, 340)) + "n+1\x00", "matlab": "MATLAB 5.0 MAT-file", "vips": "\x08\xf2\xa6\xb6", "vips, big-endian": "\xb6\xa6\xf2\x08",
		"slide": "\x53\x56\x53\x00", "ktx": "\xabKTX 20\xbb\r\n\x1a\n", "dds": "DDS |\x00\x00\x00", "mng": "\x8aMNG\r\n\x1a\n", "jng": "\x8bJNG\r\n\x1a\n",
		"mp4": "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "quicktime": "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "canon raw": "\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom",
		"matroska": "\x1a\x45\xdf\xa3", "wave": "RIFF\x24\x00\x00\x00WAVEfmt ", "avi": "RIFF\x24\x00\x00\x00AVI LIST", "mp3": "ID3\x04\x00", "ogg": "OggS\x00\x02",
		"flash": "FWS\x09", "elf": "\x7fELF\x02\x01\x01", "windows program": "MZ\x90\x00", "mach-o": "\xcf\xfa\xed\xfe", "shell": "#!/bin/sh\n", "php": "<?php ?>",
		"font": "wOF2\x00\x01\x00\x00", "sqlite": "SQLite format 3\x00", "java class": "\xca\xfe\xba\xbe", "7z": "7z\xbc\xaf\x27\x1c", "rar": "Rar!\x1a\x07\x01\x00", "xz": "\xfd7zXZ\x00", "zstd": "\x28\xb5\x2f\xfd",
	} {
		list = append(list, attack{name, []byte(text), []fault.Reason{fault.UnsupportedType}, false})
	}
	return list
}

// stubs are files with next to nothing in them.
func stubs() []attack {
	unknown := []fault.Reason{fault.UnsupportedType}
	list := []attack{{"nothing", nil, unknown, false}, {"zeros", make([]byte, 1<<20), unknown, false}}
	for b := range 256 {
		list = append(list, attack{fmt.Sprintf("the byte %02x", b), []byte{byte(b)}, unknown, false})
	}
	for name, head := range map[string]string{
		"jpeg": "\xff\xd8\xff", "png": "\x89PNG\r\n\x1a\n", "gif": "GIF89a", "old gif": "GIF87a", "webp": "RIFF\x00\x00\x00\x00WEBP",
		"tiff": "II*\x00", "tiff, big-endian": "MM\x00*", "avif": "\x00\x00\x00\x10ftypavif\x00\x00\x00\x00", "heic": "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00",
	} {
		for tail, n := range map[string]int{"alone": 0, "and a zero": 1, "and zeros": 4096} {
			body := slices.Concat([]byte(head), make([]byte, n))
			list = append(list, attack{"the head of a " + name + " " + tail, body, harmless(), false})
		}
	}
	return list
}
