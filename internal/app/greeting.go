package app

import "fmt"

// greet says where the API listens: in the log, and for the person who started
// the whole program in one process also what to try.
func (p *process) greet() {
	url := p.cfg.LocalURL()
	p.log.Info("listening", "address", p.listener.Addr().String(), "url", url)
	if !p.role.alone() {
		return
	}
	fmt.Fprintf(p.person, `
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
