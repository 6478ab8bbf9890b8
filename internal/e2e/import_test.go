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

// importDeaths are the points at which a process dies that imports.
func importDeaths() []failpoint.Point {
	return []failpoint.Point{failpoint.ImportStored, failpoint.ImportAdded, failpoint.InImport, failpoint.ImportStep}
}

// TestDeathsOfAnImport: whichever step of an import a process dies at, the next one goes on with
// it: every row is written once, and its picture becomes ready. Where the file was not taken there
// is nothing, and it is sent again.
func TestDeathsOfAnImport(t *testing.T) {
	t.Parallel()
	const products, path = 230, "/imports?user_id=1&error_policy=all"
	shapes := map[string]map[string]string{"embedded": {}, "PostgreSQL": systemtest.OnlyPostgres(t)}
	systemtest.Run(t, "migrate", shapes["PostgreSQL"])
	photo := systemtest.NewSource(t).URL + "/rocket.jpg"
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(shape)
			env["DATA_DIR"] = t.TempDir()
			before := 0
			for round, point := range importDeaths() {
				var file strings.Builder
				for i := range products {
					fmt.Fprintf(&file, `{"external_id":"%d-%d","product_name":"Lamp","product_price":1}`+"\n", round, i)
				}
				fmt.Fprintf(&file, `{"product_name":"Rocket","product_price":1,"product_images":["%s"]}`, photo)
				before += products + 1
				dieImporting(t, env, point, path, file.String(), before)
			}
		})
	}
}

// dieImporting has a process die at the point with the import of the file, and the next one finish
// it: then there are so many products.
func dieImporting(t *testing.T, env map[string]string, point failpoint.Point, path, file string, products int) {
	t.Helper()
	headers := map[string]string{"Content-Type": "application/x-ndjson"}
	crash := maps.Clone(env)
	crash["VITRINE_CRASH_AT"] = string(point)
	dying := systemtest.StartVariant(t, systemtest.Mortal, "serve", crash)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, dying.URL()+path, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", headers["Content-Type"])
	if resp, err := http.DefaultClient.Do(req); err == nil { // some die after the answer
		resp.Body.Close()
	}
	dying.AwaitEnd("its death at " + string(point))

	next := systemtest.Start(t, "serve", env)
	c := next.Client()
	if point == failpoint.ImportStored {
		reply, answer := c.Do(http.MethodPost, path, headers, file)
		if reply.StatusCode != http.StatusAccepted {
			t.Fatalf("sent again: %d: %s", reply.StatusCode, answer)
		}
	}
	type imported struct {
		State string
		Rows  struct{ Read, Created int }
	}
	var list struct{ Data []imported }
	systemtest.Eventually(t, "the import is complete", func() bool {
		_, answer := c.Do(http.MethodGet, "/imports", nil, "")
		c.Decode(answer, &list)
		return list.Data[0].State == "completed"
	})
	if got := list.Data[0]; got.Rows.Read != got.Rows.Created || got.Rows.Created != strings.Count(file, "\n")+1 {
		t.Errorf("%s: the import is %+v", point, got)
	}
	reply, _ := c.Do(http.MethodGet, "/products?user_id=1&limit=1", map[string]string{"Prefer": "count=exact"}, "")
	if total := reply.Header.Get("X-Total-Count"); total != strconv.Itoa(products) {
		t.Errorf("%s: there are %q products, not %d", point, total, products)
	}
	next.Stop()
}
