package archive_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
)

type digest = [sha256.Size]byte

// storage has pictures, by their keys.
type storage map[string]string

func (s storage) open(sum digest) (blob.Object, error) {
	key := blob.SourceKey(sum)
	content, ok := s[key]
	if !ok {
		return blob.Object{}, fault.New(fault.NotFound, "no such object")
	}
	return blob.Object{Info: blob.Info{Key: key, Bytes: int64(len(content))}, Body: io.NopCloser(strings.NewReader(content))}, nil
}

func newStorage(contents ...string) storage {
	s := make(storage)
	for _, c := range contents {
		s[blob.SourceKey(sha256.Sum256([]byte(c)))] = c
	}
	return s
}

func url(content string) string { return imageurl.Upload(sha256.Sum256([]byte(content))) }

// products are so many, of which each shows some of the pictures.
func products(n int, show func(i int) []string) []rows.ProductRow {
	list := make([]rows.ProductRow, n)
	for i := range list {
		list[i] = rows.ProductRow{Name: fmt.Sprint("Lamp ", i), Description: strings.Repeat("d", 900), Price: "1"}
		for _, content := range show(i) {
			list[i].Images = append(list[i].Images, url(content))
		}
	}
	return list
}

// write writes an archive of the products.
func write(t *testing.T, format rows.Format, s storage, list []rows.ProductRow) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := into(&file, format, s.open, list); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func into(to io.Writer, format rows.Format, open func(digest) (blob.Object, error), list []rows.ProductRow) error {
	w := archive.NewWriter(to, format, open)
	if err := w.Begin("evt_e_1"); err != nil {
		return err
	}
	for _, p := range list {
		if err := w.Write(p); err != nil {
			return err
		}
	}
	return errors.Join(w.End("evt_e_2", int64(len(list))), w.Flush())
}

func open(file []byte) (*archive.Archive, error) {
	return archive.Open(bytes.NewReader(file), int64(len(file)))
}

// TestWrittenIsRead: an archive has each picture once, in front of what shows it, and the file of
// products as it is without pictures.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	s := newStorage("a", "bb", strings.Repeat("c", 100_000))
	list := products(700, func(i int) []string { // more than one part
		return [][]string{{"a"}, {"bb", "a", "bb"}, nil, {"lost"}, {strings.Repeat("c", 100_000), "lost"}}[i%5]
	})
	list[0].Images = append(list[0].Images, "https://a.example/1.jpg", "vitrine:upload/x")
	for _, format := range []rows.Format{rows.NDJSON, rows.CSV} {
		file := write(t, format, s, list)
		if !bytes.Equal(file, write(t, format, s, list)) {
			t.Errorf("%s: the same products make other bytes", format)
		}
		a, err := open(file)
		if err != nil {
			t.Fatal(err)
		}
		var plain bytes.Buffer
		w := rows.NewWriter(&plain, format)
		errs := []error{w.Begin("evt_e_1")}
		for _, p := range list {
			errs = append(errs, w.Write(p))
		}
		if err := errors.Join(append(errs, w.End("evt_e_2", 700), w.Flush())...); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(a.Products())
		if err != nil || !bytes.Equal(got, plain.Bytes()) || int64(len(got)) != a.ProductBytes {
			t.Errorf("%s: the products are other ones, of %d bytes: %v", format, len(got), err)
		}
		var pictures []string
		err = a.EachSource(func(sum [sha256.Size]byte, picture *io.SectionReader) error {
			content, err := io.ReadAll(picture)
			if sha256.Sum256(content) != sum {
				t.Errorf("%x has the content of another", sum)
			}
			pictures = append(pictures, string(content[:1]))
			return err
		})
		lost := fmt.Sprintf("%x", sha256.Sum256([]byte("lost")))
		want := archive.End{After: "evt_e_1", Until: "evt_e_2", Products: 700, Parts: a.Parts, Sources: 3, Missing: 1}
		if err != nil || strings.Join(pictures, "") != "abc" || a.End != want || a.Parts < 3 || a.Format != format || !slices.Equal(a.Lost, []string{lost}) {
			t.Errorf("%s: pictures %v, %v, end %+v, lost %v", format, pictures, err, a.End, a.Lost)
		}
		stop := errors.New("enough")
		if err := a.EachSource(func([sha256.Size]byte, *io.SectionReader) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("stopped: %v", err)
		}
	}
}

// TestCutOff: what is left of an archive that was broken off is no archive.
func TestCutOff(t *testing.T) {
	t.Parallel()
	file := write(t, rows.CSV, newStorage("a", "bb"), products(300, func(i int) []string { return []string{[]string{"a", "bb", "lost"}[i%3]} }))
	end := bytes.LastIndex(file, []byte("export.json"))
	for cut := 0; cut < end+512; cut += 256 {
		if a, err := open(file[:cut]); err == nil {
			t.Errorf("cut off after %d of %d bytes it is %+v", cut, len(file), a)
		}
	}
	if _, err := open(file[:end]); !errors.Is(err, archive.ErrNotWhole) {
		t.Errorf("without its end: %v", err)
	}
}

// TestStorageFails: an archive whose picture cannot be read to its end has none.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	list := products(1, func(int) []string { return []string{"a"} })
	for name, open := range map[string]func(digest) (blob.Object, error){
		"down": func(digest) (blob.Object, error) { return blob.Object{}, fault.New(fault.Unavailable, "down") },
		"short": func(sum digest) (blob.Object, error) {
			return blob.Object{Info: blob.Info{Key: blob.SourceKey(sum), Bytes: 2}, Body: io.NopCloser(strings.NewReader("a"))}, nil
		},
		"long": func(sum digest) (blob.Object, error) {
			return blob.Object{Info: blob.Info{Key: blob.SourceKey(sum), Bytes: 1}, Body: io.NopCloser(strings.NewReader("aa"))}, nil
		},
	} {
		if err := into(io.Discard, rows.NDJSON, open, list); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
}

// TestPackedAgain: other programs may pack what they have unpacked; what is left out, added or in
// another order is noticed.
func TestPackedAgain(t *testing.T) {
	t.Parallel()
	original := write(t, rows.NDJSON, newStorage("a"), products(600, func(int) []string { return []string{"a", "lost"} }))
	for name, c := range map[string]struct {
		entry func(h *tar.Header) []*tar.Header
		says  string
	}{
		"with folders": {func(h *tar.Header) []*tar.Header {
			h.Name = "./" + h.Name
			return []*tar.Header{{Name: "./", Typeflag: tar.TypeDir}, h}
		}, ""},
		"without picture": {func(h *tar.Header) []*tar.Header { return without(h, "sources/") }, "not whole"},
		"without lost":    {func(h *tar.Header) []*tar.Header { return without(h, "missing/") }, "not whole"},
		"without part":    {func(h *tar.Header) []*tar.Header { return without(h, "products/00000001") }, "not the next part"},
		"without last":    {func(h *tar.Header) []*tar.Header { return without(h, "products/00000003") }, "not whole"},
		"without end":     {func(h *tar.Header) []*tar.Header { return without(h, "export.json") }, "not whole"},
		"another format": {func(h *tar.Header) []*tar.Header {
			h.Name = strings.Replace(h.Name, "2.ndjson", "2.csv", 1)
			return []*tar.Header{h}
		}, "neither NDJSON nor CSV"},
		"unknown": {func(h *tar.Header) []*tar.Header {
			return []*tar.Header{{Name: "../etc/passwd", Typeflag: tar.TypeReg}, h}
		}, "an export has no"},
		"a link": {func(h *tar.Header) []*tar.Header {
			return []*tar.Header{{Name: "sources/x", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, h}
		}, "is no file"},
	} {
		var packed bytes.Buffer
		to := tar.NewWriter(&packed)
		for from := tar.NewReader(bytes.NewReader(original)); ; {
			h, err := from.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range c.entry(h) {
				if err := to.WriteHeader(h); err != nil {
					t.Fatal(err)
				}
				if h.Size > 0 {
					if _, err := io.Copy(to, from); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		a, err := open(packed.Bytes())
		switch {
		case c.says == "" && (err != nil || a.Sources != 1):
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, file := range []string{"", "no tar", strings.Repeat("x", 1024), `{"product_name":"Lamp"}`} {
		if _, err := open([]byte(file)); err == nil {
			t.Errorf("%q is an archive", file)
		}
	}
}

func without(h *tar.Header, prefix string) []*tar.Header {
	if strings.HasPrefix(h.Name, prefix) {
		return nil
	}
	return []*tar.Header{h}
}

// TestManyPictures: of more than are remembered those that are shown once more soon are in it once, and what
// is remembered does not grow.
func TestManyPictures(t *testing.T) {
	t.Parallel()
	const all = 50_000
	opened := 0
	counted := func(sum digest) (blob.Object, error) {
		opened++
		return blob.Object{Info: blob.Info{Key: blob.SourceKey(sum), Bytes: 1}, Body: io.NopCloser(strings.NewReader("a"))}, nil
	}
	w := archive.NewWriter(io.Discard, rows.NDJSON, counted)
	for i := range all {
		near, far := strconv.Itoa(max(0, i-16_000)), "0"
		if err := w.Write(rows.ProductRow{Name: "Lamp", Price: "1", Images: []string{url(strconv.Itoa(i)), url(near), url(far)}}); err != nil {
			t.Fatal(err)
		}
	}
	if again := opened - all; again < 1 || again > 4 {
		t.Errorf("%d of %d pictures are in it again", again, all)
	}
}
