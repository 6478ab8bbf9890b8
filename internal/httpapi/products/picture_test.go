package products

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"vitrine.dev/internal/catalog"
)

// TestPicture: whatever an image is called, its element is one picture with one img, whose
// attributes say what they were given.
func TestPicture(t *testing.T) {
	t.Parallel()
	const alt = `"><script>alert(1)</script> & 'x' <img src=x onerror=y>`
	out := func(format string, width int) catalog.Output {
		return catalog.Output{Key: "a/" + format + `"&'<x>`, Format: format, Width: width, Height: width / 2}
	}
	for name, tc := range map[string]struct {
		variants []catalog.Output
		sources  int
		srcset   string
		own      bool // of img
	}{
		"none":          {nil, 0, "", false},
		"AVIF and WebP": {[]catalog.Output{out("webp", 320), out("avif", 320), out("webp", 800)}, 2, "webp", false},
		"pure Go":       {[]catalog.Output{out("jpeg", 320), out("jpeg", 800)}, 0, "jpeg", true},
	} {
		img := Image(catalog.Image{
			ID: 1, Status: catalog.Ready, Alt: alt,
			Rendition: &catalog.Rendition{Placeholder: "data:image/webp;base64,AA==", Compressed: out("jpeg", 1000), Variants: tc.variants},
		}, func(key string) string { return "https://shop.test/" + key })
		if strings.Count(img.SrcSet, "a/"+tc.srcset) != strings.Count(img.SrcSet, "w,")+min(1, len(img.SrcSet)) || (img.SrcSet == "") != (tc.srcset == "") {
			t.Errorf("%s: srcset %q", name, img.SrcSet)
		}
		found := map[string]int{}
		z := html.NewTokenizer(strings.NewReader(img.HTML))
		for z.Next() != html.ErrorToken {
			token := z.Token()
			if token.Type == html.TextToken {
				t.Errorf("%s: text %q", name, token.Data)
			}
			if token.Type == html.EndTagToken {
				continue
			}
			found[token.Data]++
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
			}
			if token.Data == "img" && (attributes["alt"] != alt || attributes["src"] != img.Compressed.URL || attributes["width"] != "1000" ||
				attributes["height"] != "500" || (attributes["srcset"] != "") != tc.own || !strings.Contains(attributes["style"], "url('data:image/webp;base64,AA==')")) {
				t.Errorf("%s: img %v", name, attributes)
			}
			if token.Data == "source" && (attributes["sizes"] != "(max-width: 1000px) 100vw, 1000px" || !strings.Contains(attributes["srcset"], "320w")) {
				t.Errorf("%s: source %v", name, attributes)
			}
		}
		if len(found) != 2+min(1, tc.sources) || found["picture"] != 1 || found["img"] != 1 || found["source"] != tc.sources {
			t.Errorf("%s: elements %v in %s", name, found, img.HTML)
		}
	}
}
