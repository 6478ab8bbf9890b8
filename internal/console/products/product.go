package products

import (
	"fmt"
	"net/http"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
)

// productPage is what the page of a product shows.
type productPage struct {
	catalog.Product

	Pictures []picture
}

// picture is one image of a product.
type picture struct {
	catalog.Image

	Class    string
	Large    string // the address of the compressed picture; "": there is none
	Variants []variant
	Srcset   string
	HTML     string
}

// variant is one published file.
type variant struct {
	catalog.Output

	URL   string
	Saved int // percent of the source's bytes
}

// classOf is the colour of a status.
func classOf(s catalog.Status) string {
	switch s {
	case catalog.Ready:
		return "ready"
	case catalog.Failed:
		return "failed"
	case catalog.Processing:
		return "work"
	default:
		return "waiting"
	}
}

func (p *Pages) pictureOf(img catalog.Image, name string) picture {
	shown := picture{Image: img, Class: classOf(img.Status)}
	if img.Rendition == nil {
		return shown
	}
	rendition := *img.Rendition
	add := func(o catalog.Output) {
		v := variant{Output: o, URL: p.URL(o.Key)}
		if rendition.SourceBytes > o.Bytes {
			v.Saved = frame.Percent(rendition.SourceBytes-o.Bytes, rendition.SourceBytes)
		}
		shown.Variants = append(shown.Variants, v)
	}
	shown.Large = p.URL(rendition.Compressed.Key)
	for _, o := range rendition.Variants {
		add(o)
	}
	var set []string // of one format: that of the variants
	for _, v := range shown.Variants {
		set = append(set, fmt.Sprintf("%s %dw", v.URL, v.Width))
	}
	add(rendition.Compressed)
	shown.Srcset = strings.Join(set, ",\n")
	alt := img.Alt
	if alt == "" {
		alt = name
	}
	shown.HTML = fmt.Sprintf("<img src=%q\n  srcset=%q\n  width=\"%d\" height=\"%d\" alt=%q loading=\"lazy\">",
		shown.Large, strings.Join(set, ", "), rendition.Compressed.Width, rendition.Compressed.Height, alt)
	return shown
}

func (p *Pages) product(r *http.Request) (frame.Answer, error) {
	read, err := p.read(r)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read product: %w", err)
	}
	page := productPage{Product: read}
	for _, img := range read.Images {
		page.Pictures = append(page.Pictures, p.pictureOf(img, read.Name))
	}
	return frame.Answer{Page: frame.Page{Title: read.Name, Nav: "products", Name: "product", Data: page, Live: true}}, nil
}
