package products

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestBulkMemory: what is kept of a large body is no larger than it, whatever is in it. It
// is not parallel: it looks at the heap of the process.
//
//nolint:paralleltest // see above
func TestBulkMemory(t *testing.T) {
	const each = MaxBulkBytes/1000 - 100
	unknown := func() string {
		var b strings.Builder
		for i := 0; b.Len() < each; i++ {
			fmt.Fprintf(&b, `"%d":0,`, i)
		}
		return b.String()
	}
	for name, row := range map[string]string{
		"texts":            `"product_name":"Lamp","product_price":1,"product_description":"` + strings.Repeat("a", 9900) + `"`,
		"images":           `"product_name":"Lamp","product_price":1,"product_images":[` + strings.Repeat(`"",`, each/3) + `""]`,
		"descriptions":     `"product_name":"Lamp","product_price":1,"image_alts":[` + strings.Repeat(`"",`, each/3) + `""]`,
		"numbers":          `"product_images":[` + strings.Repeat("0,", each/2) + `0]`,
		"unknown fields":   unknown() + `"a":0`,
		"pairs":            `"product_name":"Lamp","product_price":1,"metadata":{` + unknown() + `"a":"b"}`,
		"pictures allowed": `"product_name":"Lamp","product_price":1,"product_images":[` + strings.Repeat(`"http://a",`, 49) + `"http://a"]`,
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			body := []byte(`{"products":[` + strings.Repeat("{"+row+"},", 999) + "{" + row + "}]}")
			before := heap()
			order, err := decodeBulk(body)
			kept := heap() - before
			if err != nil || len(order.Rows) != 1000 || len(body) > MaxBulkBytes {
				t.Fatalf("%d rows of %d bytes, %v", len(order.Rows), len(body), err)
			}
			t.Logf("%d kB kept of %d kB", kept>>10, len(body)>>10)
			if kept > int64(len(body))+4<<20 {
				t.Errorf("%d bytes are kept of %d", kept, len(body))
			}
			runtime.KeepAlive(order)
			runtime.KeepAlive(body)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
