package products

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"vitrine.dev/internal/httpapi/wire"
)

const formatWebP = "webp"

// srcSet lists the variants of the format as the attribute of that name does (HTML
// Living Standard, 4.8.4.2.1), "" for none.
func srcSet(variants []wire.Output, format string) string {
	var candidates []string
	for _, v := range variants {
		if v.Format == format {
			candidates = append(candidates, v.URL+" "+strconv.Itoa(v.Width)+"w")
		}
	}
	return strings.Join(candidates, ", ")
}

// picture is the image as an element for a page: it takes as much room before it is
// loaded as it does then, is never shown larger than it is, and shows its placeholder
// meanwhile.
func picture(img wire.Image) string {
	c := img.Compressed
	sizes := fmt.Sprintf("(max-width: %[1]dpx) 100vw, %[1]dpx", c.Width)
	var b strings.Builder
	b.WriteString("<picture>")
	for _, format := range []string{"avif", formatWebP} { // browsers take the first that they know
		if set := srcSet(img.Variants, format); set != "" {
			fmt.Fprintf(&b, `<source type="image/%s" srcset="%s" sizes="%s">`, format, html.EscapeString(set), sizes)
		}
	}
	fmt.Fprintf(&b, `<img src="%s" width="%d" height="%d" alt="%s" loading="lazy" decoding="async"`,
		html.EscapeString(c.URL), c.Width, c.Height, html.EscapeString(img.Alt))
	if img.Placeholder != "" {
		fmt.Fprintf(&b, ` style="max-width:100%%;height:auto;background:url(%s) center/cover no-repeat"`, html.EscapeString("'"+img.Placeholder+"'"))
	}
	b.WriteString("></picture>")
	return b.String()
}
