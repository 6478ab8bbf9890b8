package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// patience is how long a client waits for one answer.
const patience = 10 * time.Second

// client is a shop's back end that writes down all that it sees.
type client struct {
	sys  *system
	user int64
	rng  *rand.Rand
	make *maker
	know *model
	past *history
	http *http.Client
}

// answer is what came back; status 0 where nothing did.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request to an API, with a body as it is or as JSON, and notes how it went in e.
func (c *client) ask(ctx context.Context, e *event, p *process, method, path string, header map[string]string, body any) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var content io.Reader = http.NoBody
	if file, ok := body.([]byte); ok {
		content = bytes.NewReader(file)
	} else if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return answer{}
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.sys.url(p)+path, content)
	if err != nil {
		return answer{}
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	e.api, e.life, e.call = p.name, p.Starts(), c.past.now()
	resp, err := c.http.Do(req)
	e.ret = c.past.now()
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	e.ret = c.past.now()
	if err != nil {
		return answer{}
	}
	e.status, e.after = resp.StatusCode, resp.Header.Get("Retry-After") != ""
	if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable ||
		resp.StatusCode == http.StatusServiceUnavailable && !e.after {
		e.leftover = fmt.Sprintf("%s %s answered %d %.300s", method, path, resp.StatusCode, got)
	}
	return answer{resp.StatusCode, resp.Header, got}
}

const jsonType = "application/json"

// create posts a product of the client's user.
func (c *client) create(ctx context.Context) {
	if it := c.post(ctx, c.make.state(c.rng, c.user, ""), c.user); it != nil {
		c.know.add(it)
	}
}

// post sends a product, with the same key until the outcome is known
// or the client gives up and notes that.
func (c *client) post(ctx context.Context, s state, user int64) *item {
	body := map[string]any{
		"user_id": user, "product_name": s.Name, "product_description": s.Description,
		"product_price": s.Price, "product_images": s.Images,
	}
	header := map[string]string{"Content-Type": jsonType, "Idempotency-Key": s.Name}
	for range 4 {
		e := event{op: "create", revision: 1, user: user}
		a := c.ask(ctx, &e, c.anyAPI(), http.MethodPost, "/products", header, body)
		var made struct {
			ID int64 `json:"product_id"`
		}
		if a.status == http.StatusCreated && json.Unmarshal(a.body, &made) == nil && made.ID > 0 {
			e.product = made.ID
			c.past.add(e)
			return &item{id: made.ID, user: user, acked: map[int64]state{1: s}, unknown: map[string]state{}}
		}
		if a.status/100 == 4 {
			e.leftover = fmt.Sprintf("create answered %d %.300s", a.status, a.body)
		}
		c.past.add(e)
		if !pause(ctx, 300*time.Millisecond) {
			break
		}
	}
	c.know.unknown(s)
	return nil
}

func (c *client) read(ctx context.Context, it *item) {
	e := event{op: "read", product: it.id}
	a := c.ask(ctx, &e, c.anyAPI(), http.MethodGet, path(it), nil, nil)
	switch a.status {
	case http.StatusOK:
		if e.revision = revision(a); e.revision == 0 || json.Unmarshal(a.body, &e.shown) != nil {
			e.leftover = fmt.Sprintf("a read answered %q with ETag %q", a.body, a.header.Get("ETag"))
		}
	case http.StatusNotFound:
		e.revision = deletedRevision
	}
	c.past.add(e)
}

func (c *client) change(ctx context.Context, it *item) {
	it.mu.Lock()
	now := it.latest()
	it.mu.Unlock()
	next := c.make.like(c.rng, it.user, now)
	if c.rng.IntN(3) == 0 {
		next = c.make.state(c.rng, it.user, now.Name)
	}
	e := event{op: "change", product: it.id}
	a := c.ask(ctx, &e, c.anyAPI(), http.MethodPatch, path(it), map[string]string{"Content-Type": jsonType}, map[string]any{
		"product_description": next.Description, "product_price": next.Price, "product_images": next.Images,
	})
	it.mu.Lock()
	switch {
	case a.status == http.StatusOK && revision(a) > 0:
		e.revision = revision(a)
		it.acked[e.revision] = next
	case a.status == http.StatusNotFound && it.doomed:
	case a.status/100 == 4:
		e.leftover = fmt.Sprintf("a change answered %d %.300s", a.status, a.body)
	default:
		it.unknown[next.Description] = next
	}
	it.mu.Unlock()
	c.past.add(e)
}

func (c *client) delete(ctx context.Context, it *item) {
	it.mu.Lock()
	it.doomed = true
	it.mu.Unlock()
	e := event{op: "delete", product: it.id, user: it.user}
	a := c.ask(ctx, &e, c.anyAPI(), http.MethodDelete, path(it), nil, nil)
	if a.status == http.StatusNoContent || a.status == http.StatusNotFound {
		it.mu.Lock()
		it.deleted = true
		it.mu.Unlock()
	}
	if a.status == http.StatusNoContent { // else another request did it, at another API perhaps
		e.revision = deletedRevision
	}
	c.past.add(e)
}

func (c *client) list(ctx context.Context) {
	e := event{op: "list", user: c.user}
	a := c.ask(ctx, &e, c.anyAPI(), http.MethodGet, fmt.Sprintf("/products?user_id=%d&limit=50", c.user), nil, nil)
	if a.status == http.StatusOK {
		var page []struct {
			ID int64 `json:"id"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil {
			e.leftover = "a list answered " + string(a.body)
		}
		for _, p := range page {
			e.listed = append(e.listed, p.ID)
		}
		e.whole = a.header.Get("Link") == ""
	}
	c.past.add(e)
}

func (c *client) anyAPI() *process { return c.sys.apis[c.rng.IntN(len(c.sys.apis))] }

func path(it *item) string { return "/products/" + strconv.FormatInt(it.id, 10) }

// revision is the product's revision, which its entity tag carries.
func revision(a answer) int64 {
	_, rest, _ := strings.Cut(a.header.Get("ETag"), ".")
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
