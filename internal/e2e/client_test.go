package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is a shop's back end: it knows the API by its field names only.
type client struct {
	t   *testing.T
	url string
}

type product struct {
	ID               int64    `json:"id"`
	UserID           int64    `json:"user_id"`
	Name             string   `json:"product_name"`
	Description      string   `json:"product_description"`
	Images           []string `json:"product_images"`
	CompressedImages []string `json:"compressed_product_images"`
	Price            json.Number
	Details          []image `json:"images"`
	etag             string
}

type image struct {
	ID        int64  `json:"id"`
	SourceURL string `json:"source_url"`
	Status    string `json:"status"`
	Attempts  int    `json:"attempts"`
	Reason    *struct {
		Code      string `json:"code"`
		Detail    string `json:"detail"`
		Retryable bool   `json:"retryable"`
	} `json:"reason"`
	SourceBytes int64    `json:"source_bytes"`
	Width       int      `json:"width"`
	Height      int      `json:"height"`
	Placeholder string   `json:"placeholder"`
	Compressed  output   `json:"compressed"`
	Variants    []output `json:"variants"`
}

type output struct {
	URL    string `json:"url"`
	Format string `json:"format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
}

// reply is an answer without its body, which do returns beside it.
type reply struct {
	StatusCode int
	Header     http.Header
}

// do sends a request and returns the answer with its body.
func (c client) do(method, url string, headers map[string]string, body string) (reply, []byte) {
	c.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = c.url + url
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header}, got
}

// create posts a product with the images and returns its id.
func (c client) create(name string, images ...string) int64 {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{
		"user_id": 1, "product_name": name, "product_description": "Latest model with advanced features",
		"product_images": images, "product_price": json.Number("999.99"),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	resp, answer := c.do(http.MethodPost, "/products",
		map[string]string{"Content-Type": "application/json", "X-Request-Id": "e2e-" + name}, string(body))
	var created struct {
		Message string `json:"message"`
		ID      int64  `json:"product_id"`
	}
	c.decode(answer, &created)
	if resp.StatusCode != http.StatusCreated || created.Message != "Product created successfully" || created.ID == 0 {
		c.t.Fatalf("create answered %d %s", resp.StatusCode, answer)
	}
	return created.ID
}

func (c client) product(path string) product {
	c.t.Helper()
	resp, body := c.do(http.MethodGet, path, nil, "")
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s answered %d %s", path, resp.StatusCode, body)
	}
	var p struct {
		product

		Price json.Number `json:"product_price"`
	}
	c.decode(body, &p)
	p.product.Price, p.etag = p.Price, resp.Header.Get("ETag")
	return p.product
}

// settled waits until no image of the product is pending or processing.
func (c client) settled(path string) product {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		p := c.product(path)
		open := 0
		for _, img := range p.Details {
			if img.Status != "ready" && img.Status != "failed" {
				open++
			}
		}
		if open == 0 {
			return p
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s still has %d images under way: %+v", path, open, p.Details)
		}
		pause(c.t, 50*time.Millisecond)
	}
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test was stopped")
	}
}

func (c client) decode(body []byte, into any) {
	c.t.Helper()
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(into); err != nil {
		c.t.Fatalf("%v in %s", err, body)
	}
}
