package systemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
)

// Client is a shop's back end.
type Client struct {
	T   *testing.T
	URL string
}

// Product is a product as it was read. An image without results has an empty
// Compressed.
type Product struct {
	wire.Product

	ETag string
}

// Reply is an answer without its body, which Do returns beside it.
type Reply struct {
	StatusCode int
	Header     http.Header
}

// Do sends a request, to a path of the API or to a whole URL, and returns the
// answer with its body.
func (c Client) Do(method, url string, headers map[string]string, body string) (Reply, []byte) {
	c.T.Helper()
	if strings.HasPrefix(url, "/") {
		url = c.URL + url
	}
	req, err := http.NewRequestWithContext(c.T.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	return Reply{resp.StatusCode, resp.Header}, got
}

// Send is Do with a body of JSON, for which it wants the status.
func (c Client) Send(method, url, body string, status int) []byte {
	c.T.Helper()
	got, answer := c.Do(method, url, map[string]string{"Content-Type": "application/json"}, body)
	if got.StatusCode != status {
		c.T.Fatalf("%s %s answered %d, want %d: %s", method, url, got.StatusCode, status, answer)
	}
	return answer
}

// Create posts a product with the images and returns the path to it. The
// request's id is "e2e-" and the name.
func (c Client) Create(name string, images ...string) (path string) {
	c.T.Helper()
	body, err := json.Marshal(map[string]any{
		"user_id": 1, "product_name": name, "product_description": "Latest model with advanced features",
		"product_images": images, "product_price": json.Number("999.99"),
	})
	if err != nil {
		c.T.Fatal(err)
	}
	got, answer := c.Do(http.MethodPost, "/products",
		map[string]string{"Content-Type": "application/json", "X-Request-Id": "e2e-" + name}, string(body))
	var created wire.Created
	c.Decode(answer, &created)
	if got.StatusCode != http.StatusCreated || created.Message != "Product created successfully" || created.ProductID == 0 {
		c.T.Fatalf("create answered %d %s", got.StatusCode, answer)
	}
	return fmt.Sprintf("/products/%d", created.ProductID)
}

// Product reads a product.
func (c Client) Product(path string) Product {
	c.T.Helper()
	got, body := c.Do(http.MethodGet, path, nil, "")
	if got.StatusCode != http.StatusOK {
		c.T.Fatalf("GET %s answered %d %s", path, got.StatusCode, body)
	}
	p := Product{ETag: got.Header.Get("ETag")}
	c.Decode(body, &p.Product)
	for i, img := range p.Images {
		if img.Compressed == nil {
			p.Images[i].Compressed = &wire.Output{}
		}
	}
	return p
}

// Finished waits until no image of the product is pending or processing.
func (c Client) Finished(path string) (p Product) {
	c.T.Helper()
	Eventually(c.T, "the images of "+path, func() bool {
		p = c.Product(path)
		for _, img := range p.Images {
			if img.Status != string(catalog.Ready) && img.Status != string(catalog.Failed) {
				return false
			}
		}
		return true
	})
	return p
}

// Decode reads JSON.
func (c Client) Decode(body []byte, into any) {
	c.T.Helper()
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(into); err != nil {
		c.T.Fatalf("%v in %s", err, body)
	}
}

// Files are all published files of an image.
func Files(img wire.Image) []wire.Output {
	files := append([]wire.Output{}, img.Variants...)
	if img.Compressed != nil && img.Compressed.URL != "" {
		files = append(files, *img.Compressed)
	}
	return files
}

// Key returns the storage's key in the URL of a file.
func Key(file wire.Output) string {
	parts := strings.Split(file.URL, "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}
