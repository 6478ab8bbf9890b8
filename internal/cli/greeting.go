package cli

import (
	"fmt"
	"io"
)

// Greet tells the person who started the whole program in one process where it
// listens, and what to try.
func Greet(w io.Writer, url string) {
	fmt.Fprintf(w, `
Vitrine listens on %[1]s

  Create a product:
    curl -i %[1]s/products -H 'Content-Type: application/json' -d '{
      "user_id": 1, "product_name": "Smartphone", "product_price": 999.99,
      "product_description": "Latest model with advanced features",
      "product_images": ["https://www.gstatic.com/webp/gallery/1.jpg"]}'

  See its pictures become ready:   curl %[1]s/products/1
  All products:                    curl '%[1]s/products?user_id=1'
  The API described (OpenAPI):     %[1]s/openapi.json

  Ctrl-C stops it; what was accepted goes on at the next start.

`, url)
}
