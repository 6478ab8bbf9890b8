package exports_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/httpapi/exports"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/upload"
)

// library makes products as they are read.
type library struct {
	products int
	each     func(reads int) // at each read
	sent     bool            // each has a picture of its own that was sent, of pictureBytes
	reads    int
	reading  atomic.Bool
}

func (l *library) ExportProducts(_ context.Context, _, after int64, limit, maxBytes int) (list []rows.ProductRow, more bool, err error) {
	l.reading.Store(true)
	defer l.reading.Store(false)
	l.reads++
	l.each(l.reads)
	for bytes := 0; len(list) < limit && bytes < maxBytes && int(after)+len(list) < l.products; {
		n := int(after) + len(list) + 1
		p := rows.ProductRow{
			ID: int64(n), Name: fmt.Sprint("n", n), Description: strings.Repeat("d", 1500), Price: json.Number("1"),
			Images: []string{fmt.Sprintf("https://a.example/%d.jpg", n), "https://a.example/2.jpg"},
		}
		if l.sent {
			p.Description, p.Images = "", []string{imageurl.Upload(sha256.Sum256([]byte(p.Name)))}
		}
		bytes += p.Bytes()
		list = append(list, p)
	}
	return list, int(after)+len(list) < l.products, nil
}

const pictureBytes = 4 << 10

// pictures has every picture.
type pictures struct{ upload.Blobs }

func (pictures) Open(_ context.Context, key string) (blob.Object, error) {
	return blob.Object{Info: blob.Info{Key: key, Bytes: pictureBytes}, Body: io.NopCloser(bytes.NewReader(make([]byte, pictureBytes)))}, nil
}

type quietLog struct{}

func (quietLog) Now(context.Context) (int64, error)  { return 1, nil }
func (quietLog) Complete() int64                     { return 1 }
func (quietLog) Last(context.Context) (int64, error) { return 1, nil }

// handler serves exports of the library.
func handler(l *library, done func(error)) http.Handler {
	h := &exports.Handler{
		Exports: &export.Service{Store: l, Log: quietLog{}, Epoch: func() string { return "e" }}, Memory: httpkit.NewBudget(32<<20, nil),
		Uploads: upload.NewService(nil, pictures{}, nil, nil, 0),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(auth.With(r.Context(), auth.Everyone()))
		params, err := httpkit.ReadParams(r.URL.RawQuery, []string{"user_id", "format", "sources"})
		if err == nil {
			err = h.Get(w, httpkit.WithParams(r, params))
		}
		done(err)
	})
}

// TestMemoryIsConstant: 100,000 products, 170 MB, and 400 MB of pictures go through little memory. It does not run
// beside others, whose memory would count.
func TestMemoryIsConstant(t *testing.T) { //nolint:paralleltest // see above
	const products, most = 100_000, 8 << 20
	for _, format := range []string{"ndjson", "csv", "tar"} {
		before, peak := heap(), uint64(0)
		query, l := url.Values{"user_id": {"1"}, "format": {format}}, &library{products: products, sent: format == "tar", each: func(reads int) {
			if reads%50 == 0 {
				peak = max(peak, heap())
			}
		}}
		if l.sent {
			query = url.Values{"user_id": {"1"}, "sources": {"true"}}
		}
		var failed error
		server := httptest.NewServer(handler(l, func(err error) { failed = err }))
		answer, err := http.Get(server.URL + "/exports?" + query.Encode()) //nolint:noctx // of a test
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		server.Close()
		if err != nil || failed != nil || n < 150<<20 || answer.Trailer.Get("Vitrine-Products") != strconv.Itoa(products) {
			t.Fatalf("%s: %d bytes, %v, %v, trailer %v", format, n, err, failed, answer.Trailer)
		}
		if held := int64(peak) - int64(before); held > most {
			t.Errorf("%s: %d bytes were held, more than %d", format, held, most)
		}
	}
}

// heap is how much is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// stalled is a client that reads nothing more once it has read some.
type stalled struct {
	*httptest.ResponseRecorder

	left  int
	stops func()
}

func (s *stalled) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		s.stops()
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// TestAClientThatStopsReading holds no transaction, and has nothing more read.
func TestAClientThatStopsReading(t *testing.T) {
	t.Parallel()
	var failed error
	stopped := false
	l := &library{products: 100_000, each: func(int) {
		if stopped {
			t.Error("more is read for who has left")
		}
	}}
	w := &stalled{ResponseRecorder: httptest.NewRecorder(), left: 1 << 20, stops: func() {
		if stopped = true; l.reading.Load() {
			t.Error("the database is read while the client is waited for")
		}
	}}
	handler(l, func(err error) { failed = err }).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/exports?user_id=1", http.NoBody))
	if !stopped || failed == nil || l.reads > 10 {
		t.Errorf("%d reads, then %v", l.reads, failed)
	}
}
