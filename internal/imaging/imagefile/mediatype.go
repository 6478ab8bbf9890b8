package imagefile

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
)

// MediaType names what a file is that is not accepted as a picture, as a media
// type without parameters or the name of the format. It is one of a fixed list
// and repeats nothing of the file. Empty files are "empty".
func MediaType(src []byte) string {
	if len(src) == 0 {
		return "empty"
	}
	for _, known := range []struct{ magic, name string }{
		{"II+\x00", "BigTIFF"},
		{"MM\x00+", "BigTIFF"},
		{"8BPS", "image/vnd.adobe.photoshop"},
		{"\x00\x00\x00\x0cJXL ", "image/jxl"},
		{"\xff\x0a", "image/jxl"},
		{"\x00\x00\x00\x0cjP  ", "image/jp2"},
		{"\xff\x4f\xff\x51", "image/jp2"},
		{"II\xbc\x01", "image/jxr"},
	} {
		if bytes.HasPrefix(src, []byte(known.magic)) {
			return known.name
		}
	}
	// It implements the sniffing of the WHATWG.
	name, _, err := mime.ParseMediaType(http.DetectContentType(src))
	if err != nil {
		return "application/octet-stream"
	}
	const head = 1 << 10 // an SVG may begin with a comment or a document type
	start := bytes.TrimLeft(bytes.TrimPrefix(src[:min(len(src), head)], []byte("\ufeff")), " \t\r\n")
	switch text := name == "text/plain" || name == "text/xml" || name == "text/html"; {
	case text && bytes.HasPrefix(start, []byte("<")) && bytes.Contains(start, []byte("<svg")) && !bytes.Contains(start, []byte("<html")):
		return "image/svg+xml"
	case name == "text/plain" && len(start) > 0 && (start[0] == '{' || start[0] == '[') && json.Valid(bytes.TrimPrefix(src, []byte("\ufeff"))):
		return "application/json"
	default:
		return name
	}
}
