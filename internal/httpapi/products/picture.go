package products

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"vitrine.dev/internal/httpapi/wire"
)

// srcSet lists the variants that are chosen as the attribute of that name does (HTML
// Living Standard, 4.8.4.2.1), "" for none.
func srcSet(variants []wire.Output, chosen func(format string) bool) string {
	var candidates []string
	for _, v := range variants {
		if chosen(v.Format) {
			candidates = append(candidates, v.URL+" "+strconv.Itoa(v.Width)+"w")
		}
	}
	return strings.Join(candidates, ", ")
}

// newFormats are those that a browser may not know, the first to be taken first.
func newFormats() []string { return []string{"avif", "webp"} }

func isWebP(format string) bool { return format == "webp" }

// isOld reports whether every browser knows the format. Variants are of one where the
// engine cannot write WebP.
func isOld(format string) bool { return !slices.Contains(newFormats(), format) }

// picture is the image as an element for a page: it takes as much room before it is
// loaded as it does then, is never shown larger than it is, and shows its placeholder
// meanwhile.
func picture(img wire.Image) string {
	c := img.Compressed
	sizes := fmt.Sprintf("(max-width: %[1]dpx) 100vw, %[1]dpx", c.Width)
	var b strings.Builder
	b.WriteString("<picture>")
	for _, format := range newFormats() {
		if set := srcSet(img.Variants, func(f string) bool { return f == format }); set != "" {
			fmt.Fprintf(&b, `<source type="image/%s" srcset="%s" sizes="%s">`, format, html.EscapeString(set), sizes)
		}
	}
	fmt.Fprintf(&b, `<img src="%s" width="%d" height="%d" alt="%s" loading="lazy" decoding="async"`,
		html.EscapeString(c.URL), c.Width, c.Height, html.EscapeString(img.Alt))
	if set := srcSet(img.Variants, isOld); set != "" {
		fmt.Fprintf(&b, ` srcset="%s" sizes="%s"`, html.EscapeString(set), sizes)
	}
	if img.Placeholder != "" {
		fmt.Fprintf(&b, ` style="max-width:100%%;height:auto;background:url(%s) center/cover no-repeat"`, html.EscapeString("'"+img.Placeholder+"'"))
	}
	b.WriteString("></picture>")
	return b.String()
}
