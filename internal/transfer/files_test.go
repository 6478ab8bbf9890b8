package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/transfer"
)

// store knows renditions, each with two files of 5 bytes.
type store struct {
	gc.Store

	keys    []string
	imports []string // files that imports still read
}

func (s store) ImportFiles(_ context.Context, keys []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !slices.Contains(s.imports, key) }), nil
}

func (s store) Renditions(_ context.Context, from, below string, _ int) (page []gc.Rendition, err error) {
	for _, key := range s.keys {
		if key > from && key < below {
			page = append(page, gc.Rendition{Key: key, Live: true, Outputs: []catalog.Output{
				{Key: file(key, "a.webp"), Bytes: 5}, {Key: file(key, "b.png"), Bytes: 5},
			}})
		}
	}
	return page, nil
}

func file(rendition, name string) string { return rendition[:2] + "/" + rendition + "/" + name }

// failing refuses every third file.
type failing struct {
	blob.Store

	puts *atomic.Int64
}

func (f failing) Put(ctx context.Context, key, contentType string, body []byte) error {
	if f.puts.Add(1)%3 == 0 {
		return fault.New(fault.Unavailable, "full")
	}
	return f.Store.Put(ctx, key, contentType, body)
}

func marked(context.Context) error { return nil }

func folder(t *testing.T) blob.Store {
	t.Helper()
	s, err := disk.New(filepath.Join(t.TempDir(), "images"), "http://x.test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestFilesAreCopied: all that the database refers to and nothing else, where a copy
// was broken off only the rest, and what was torn again.
func TestFilesAreCopied(t *testing.T) {
	t.Parallel()
	from, to := folder(t), folder(t)
	var known store
	for i := range 20 {
		key := fmt.Sprintf("%02x%030x", i*13%256, i)
		known.keys = append(known.keys, key)
		for _, name := range []string{"a.webp", "b.png"} {
			if err := from.Put(t.Context(), file(key, name), "image/"+name[2:], []byte("12345")); err != nil {
				t.Fatal(err)
			}
		}
	}
	lost, torn, stray := file(known.keys[3], "a.webp"), file(known.keys[4], "b.png"), file("ff"+known.keys[0][2:], "a.webp")
	for _, err := range []error{
		from.Delete(t.Context(), lost), to.Put(t.Context(), torn, "image/png", []byte("12")),
		from.Put(t.Context(), stray, "image/webp", []byte("12345")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files := transfer.Files{Store: known, From: from, To: failing{to, new(atomic.Int64)}, Mark: marked}
	first, err := files.Copy(t.Context())
	if fault.KindOf(err) != fault.Unavailable || first.Files == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	files.To = to
	parts := 0
	files.Progress = func(done, all int, _ int64) {
		if parts++; done != parts || all != gc.Partitions {
			t.Errorf("part %d of %d after %d", done, all, parts)
		}
	}
	second, err := files.Copy(t.Context())
	if err != nil || first.Files+second.Files != 39 || second.Bytes != 5*second.Files || second.Missing != 1 || parts != gc.Partitions {
		t.Errorf("%+v, then %+v in %d parts, %v", first, second, parts, err)
	}
	files.Progress = nil
	if third, err := files.Copy(t.Context()); err != nil || third.Files != 0 {
		t.Errorf("again: %+v, %v", third, err)
	}
	if info, err := to.Stat(t.Context(), torn); err != nil || info.Bytes != 5 || info.ContentType != "image/png" {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := to.Stat(t.Context(), stray); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what nothing refers to was copied: %v", err)
	}
}

// TestStorageOfAnotherInstallation is left as it is.
func TestStorageOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	another := errors.New("another's")
	from, to, key := folder(t), folder(t), "00"+fmt.Sprintf("%030x", 1)
	if err := from.Put(t.Context(), file(key, "a.webp"), "image/webp", []byte("12345")); err != nil {
		t.Fatal(err)
	}
	files := transfer.Files{
		Store: store{keys: []string{key}}, From: from, To: to, Mark: func(context.Context) error { return another },
	}
	if _, err := files.Copy(t.Context()); !errors.Is(err, another) {
		t.Error(err)
	}
	if _, err := to.Stat(t.Context(), file(key, "a.webp")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file was copied: %v", err)
	}
}

// streams has files that can only be read on.
type streams struct{ blob.Store }

func (s streams) Open(ctx context.Context, key string) (blob.Object, error) {
	object, err := s.Store.Open(ctx, key)
	if err == nil {
		object.Body = struct{ io.ReadCloser }{object.Body}
	}
	return object, err
}

// TestFilesOfImportsAreCopied: those that imports still read, whatever their length, and again where
// they are torn; not those that are left behind.
func TestFilesOfImportsAreCopied(t *testing.T) {
	t.Parallel()
	const text = "{\"product_name\":\"Lamp\"}\n"
	for name, wrap := range map[string]func(blob.Store) blob.Store{
		"files": func(s blob.Store) blob.Store { return s }, "streams": func(s blob.Store) blob.Store { return streams{s} },
	} {
		from, to := folder(t), folder(t)
		read, torn, left := blob.ImportKey("read"), blob.ImportKey("torn"), blob.ImportKey("left")
		for key, content := range map[string]string{read: strings.Repeat(text, 100_000), torn: text, left: text} {
			if err := from.Put(t.Context(), key, blob.SourceType, []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := to.Put(t.Context(), torn, blob.SourceType, []byte(text[:3])); err != nil {
			t.Fatal(err)
		}
		files := transfer.Files{Store: store{imports: []string{read, torn, blob.ImportKey("gone")}}, From: wrap(from), To: to, Mark: marked}
		done, err := files.Copy(t.Context())
		if want := int64(len(text) * 100_001); err != nil || done.Files != 2 || done.Bytes != want {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		if done, err := files.Copy(t.Context()); err != nil || done.Files != 0 {
			t.Errorf("%s again: %+v, %v", name, done, err)
		}
		for key, want := range map[string]int64{read: int64(len(text) * 100_000), torn: int64(len(text)), left: -1} {
			info, err := to.Stat(t.Context(), key)
			if want < 0 && fault.KindOf(err) != fault.NotFound || want >= 0 && (err != nil || info.Bytes != want) {
				t.Errorf("%s: %s has %d bytes, %v", name, key, info.Bytes, err)
			}
		}
		files.To = failing{Store: to, puts: new(atomic.Int64)}
		if err := to.Delete(t.Context(), read); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Copy(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s to a storage that fails: %v", name, err)
		}
	}
}

func (failing) PutFrom(context.Context, string, string, io.ReadSeeker) error {
	return fault.New(fault.Unavailable, "full")
}
