package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/systemtest"
)

// TestDeathOfManyProducts: the process dies between two transactions of a bulk request.
// The same request under its key has the rest written, no product twice, and their
// pictures become ready.
func TestDeathOfManyProducts(t *testing.T) {
	t.Parallel()
	const products, path = 230, "/products/bulk?user_id=1"
	shapes := map[string]map[string]string{"embedded": {}, "PostgreSQL": systemtest.OnlyPostgres(t)}
	systemtest.Run(t, "migrate", shapes["PostgreSQL"])
	photo := systemtest.NewSource(t).URL + "/rocket.jpg"
	list := make([]string, products)
	for i := range list {
		list[i] = fmt.Sprintf(`{"product_name":"Lamp %d","product_price":1}`, i)
	}
	list[0] = `{"product_name":"Lamp","product_price":1,"product_images":["` + photo + `"],"image_alts":["A rocket"]}`
	body := `{"products":[` + strings.Join(list, ",") + `]}`
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(shape)
			env["DATA_DIR"] = t.TempDir()
			headers := map[string]string{"Content-Type": "application/json", "Idempotency-Key": "many"}
			crash := maps.Clone(env)
			crash["VITRINE_CRASH_AT"] = string(failpoint.BulkPart)
			dying := systemtest.StartVariant(t, systemtest.Mortal, "serve", crash)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, dying.URL()+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range headers {
				req.Header.Set(name, value)
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
				t.Errorf("it was answered %s by a process that should have died", resp.Status)
			}
			dying.AwaitEnd("its death")

			c := systemtest.Start(t, "serve", env).Client()
			var results struct {
				Created int `json:"created"`
				Results []struct {
					ID int64 `json:"product_id"`
				} `json:"results"`
			}
			reply, answer := c.Do(http.MethodPost, path, headers, body)
			if reply.Header.Get("Idempotent-Replayed") != "true" {
				t.Error("the answer does not say that some was written before")
			}
			c.Decode(answer, &results)
			ids := make(map[int64]bool)
			for _, r := range results.Results {
				ids[r.ID] = true
			}
			if results.Created != products || len(ids) != products {
				t.Errorf("%d were created, which are %d products", results.Created, len(ids))
			}
			reply, _ = c.Do(http.MethodGet, "/products?user_id=1&limit=1000", map[string]string{"Prefer": "count=exact"}, "")
			if total := reply.Header.Get("X-Total-Count"); total != strconv.Itoa(products) {
				t.Errorf("there are %q products: %v", total, reply.Header)
			}
			if img := c.Finished(fmt.Sprintf("/products/%d", results.Results[0].ID)).Images[0]; img.Status != "ready" || img.Alt != "A rocket" {
				t.Errorf("the image is %+v", img)
			}
		})
	}
}
