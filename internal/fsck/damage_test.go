package fsck_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore/storetest"
)

// damage is something that has gone wrong, and what fsck has to say of it.
type damage struct {
	name string
	do   func(w *system, p []catalog.Product)
	want map[gc.Kind]int64
}

func damages() []damage {
	return []damage{
		{"nothing", func(*system, []catalog.Product) {}, map[gc.Kind]int64{}},
		{"a file is gone that two products show", func(w *system, p []catalog.Product) {
			must(w.t, w.blobs.Delete(w.t.Context(), w.read(p[0].ID).Images[0].Rendition.Compressed.Key))
		}, map[gc.Kind]int64{gc.MissingObject: 1}},
		{"a file is cut off", func(w *system, p []catalog.Product) {
			w.cutOff(w.read(p[1].ID).Images[0].Rendition.Variants[0])
		}, map[gc.Kind]int64{gc.WrongSize: 1}},
		{"stray files", func(w *system, p []catalog.Product) {
			w.put("ab/ab000000000000000000000000000001/w320.webp", []byte("left by a worker that died"))
			w.put("ff/ff000000000000000000000000000001/w320.webp", []byte("and another"))
			key := w.read(p[0].ID).Images[0].Rendition.Key
			w.put(key[:2]+"/"+key+"/w9999.webp", []byte("beside what is shown"))
		}, map[gc.Kind]int64{gc.OrphanObject: 3}},
		{"a product is deleted", func(w *system, _ []catalog.Product) {
			gone := w.create(7)
			w.finish(gone)
			_, err := w.store.DeleteProduct(w.t.Context(), gone.ID, storetest.Unchecked)
			must(w.t, err)
			must(w.t, w.store.MarkUnused(w.t.Context(), "0", "g"))
		}, map[gc.Kind]int64{gc.UnusedRendition: 1}},
		{"strays among uploads", func(w *system, _ []catalog.Product) {
			w.putUpload(blob.SourceKey([32]byte{0xab}), "stored, and never added")
			w.putUpload(blob.UploadKey("x7"), "sent, and never completed")
		}, map[gc.Kind]int64{gc.OrphanObject: 2}},
		{"files of imports", func(w *system, _ []catalog.Product) {
			made, err := w.store.AddImport(w.t.Context(), imports.Import{
				Job: job.Job{Kind: imports.Kind}, Settings: imports.Settings{UserID: 1}, File: imports.File{Key: blob.ImportKey("read")},
			})
			must(w.t, err)
			w.putUpload(made.Key, "is read")
			w.putUpload(blob.ImportKey("left"), "stored, and never added")
		}, map[gc.Kind]int64{gc.OrphanObject: 1}},
		{"no image is of an upload any more", func(w *system, _ []catalog.Product) {
			key := blob.SourceKey([32]byte{0xff, 1})
			w.putUpload(key, "sent")
			w.exec(`INSERT INTO sources (key, bytes, created_at) VALUES ($1, 4, 1)`, key)
			must(w.t, w.store.MarkUnused(w.t.Context(), blob.Sources, blob.Sources+"g"))
		}, map[gc.Kind]int64{gc.UnusedSource: 1}},
		{"a worker stops", func(w *system, p []catalog.Product) {
			w.exec(`UPDATE images SET status = 'pending', stage = 3, attempts = 1, lease_until = 1 WHERE product_id = $1`, p[0].ID)
			w.counted(p[0].ID)
		}, map[gc.Kind]int64{fsck.StuckProcessing: 2}},
		{"products count wrongly", func(w *system, p []catalog.Product) {
			w.exec(`UPDATE products SET images_ready = 1, images_failed = 1 WHERE id = $1`, p[0].ID)
			w.exec(`UPDATE products SET cover_key = NULL WHERE id = $1`, p[1].ID)
			w.exec(`UPDATE products SET cover_key = (SELECT rendition_key FROM images WHERE product_id = $2) WHERE id = $1`, p[2].ID, p[1].ID)
		}, map[gc.Kind]int64{fsck.WrongCounts: 3}},
		{"a reader of events is beyond the log", func(w *system, _ []catalog.Product) {
			w.exec(`INSERT INTO event_readers (name, position) VALUES ('beyond', 1000000), ('behind', 1)`)
		}, map[gc.Kind]int64{fsck.ReaderAhead: 1}},
		{"the cache is of another time", func(w *system, p []catalog.Product) {
			for id, revision := range map[int64]int64{p[0].ID: 1, p[1].ID: 1000} {
				w.cacheAs(id, revision)
			}
		}, map[gc.Kind]int64{fsck.StaleCache: 2}},
	}
}

func (w *system) putUpload(key, content string) {
	w.t.Helper()
	must(w.t, w.blobs.Put(w.t.Context(), key, blob.SourceType, []byte(content)))
}

// TestLostUpload: what a client has sent cannot be made again; the picture that was made of it is shown.
func TestLostUpload(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	p := w.create(1)
	w.finish(p)
	sum := [32]byte{0x12}
	w.exec(`UPDATE images SET source_url = $1, source_host = $2 WHERE product_id = $3`, imageurl.Upload(sum), imageurl.UploadHost, p.ID)
	w.exec(`INSERT INTO sources (key, bytes, created_at) VALUES ($1, 4, 1)`, blob.SourceKey(sum))
	for kind, content := range map[gc.Kind]string{gc.MissingObject: "", gc.WrongSize: "cut"} {
		if content != "" {
			w.putUpload(blob.SourceKey(sum), content)
		} else {
			must(t, w.blobs.Delete(t.Context(), blob.SourceKey(sum)))
		}
		report := w.check(true)
		if f := report.Of(kind); f.Count != 1 || f.Repaired != 0 || !strings.Contains(f.Unrepaired, "upload them again") || report.Clean() {
			t.Errorf("%+v", f)
		}
		if img := w.read(p.ID).Images[0]; img.Status != catalog.Ready {
			t.Errorf("the image is %s", img.Status)
		}
	}
	w.putUpload(blob.SourceKey(sum), "sent")
	if report := w.check(true); !report.Clean() || len(found(report)) > 0 {
		t.Errorf("sent again: %+v", report)
	}
}

// cutOff leaves only the beginning of a file.
func (w *system) cutOff(out catalog.Output) {
	w.t.Helper()
	must(w.t, w.blobs.Put(w.t.Context(), out.Key, "image/"+out.Format, []byte("cut off")))
}

// TestRepairKeepsThePicture: an image of which only a variant is lost shows its
// picture until it is repaired, one that has lost its main file does not.
func TestRepairKeepsThePicture(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	variant, main := w.create(1), w.create(2)
	w.finish(variant, main)
	w.cutOff(w.read(variant.ID).Images[0].Rendition.Variants[0])
	w.cutOff(w.read(main.ID).Images[0].Rendition.Compressed)
	for range 2 { // the second finds both at work
		w.check(true)
		for p, want := range map[int64]catalog.Status{variant.ID: catalog.Ready, main.ID: catalog.Pending} {
			if img := w.read(p).Images[0]; img.Status != want {
				t.Errorf("image of product %d is %s, want %s", p, img.Status, want)
			}
		}
	}
	if jobs := w.jobs(); len(jobs) != 2 {
		t.Errorf("%d jobs, want 2", len(jobs))
	}
	must(t, w.store.EndLeases(t.Context())) // they are not begun: they are due
	w.finish(variant, main)
	if report := w.check(false); !report.Clean() {
		t.Errorf("after the repair: %+v", report)
	}
}

// counted makes the product say that all its images are pending.
func (w *system) counted(id int64) {
	w.t.Helper()
	w.exec(`UPDATE products SET images_pending = images_ready, images_ready = 0, cover_key = NULL WHERE id = $1`, id)
}

// cacheAs makes the cache hold the product at a revision, whatever was announced.
func (w *system) cacheAs(id, revision int64) {
	w.t.Helper()
	landed, err := w.cache.Put(w.t.Context(), catalog.ProductKey("e", id), cache.Entry{Version: revision, Body: []byte("{}")})
	if err != nil || !landed {
		w.t.Fatalf("not cached: %t, %v", landed, err)
	}
}

// TestDamage does each kind of damage to a sound system: fsck finds it and
// nothing else, and repairs it; the second look finds nothing, and every product
// shows its pictures.
func TestDamage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: each damage needs a system of its own")
	}
	for shape, open := range shapes() {
		for _, d := range damages() {
			t.Run(shape+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				w := open(t)
				products := []catalog.Product{w.create(1, 2), w.create(1), w.create(3)}
				w.finish(products...)
				d.do(w, products)
				for look, repair := range []bool{false, true} {
					report := w.check(repair)
					if got := found(report); !maps.Equal(got, d.want) {
						t.Fatalf("look %d found %v, want %v", look, got, d.want)
					}
					if clean := len(d.want) == 0 || repair; report.Clean() != clean {
						t.Errorf("look %d: clean is %t: %+v", look, report.Clean(), report)
					}
				}
				w.finish(products...)
				if report := w.check(false); !report.Clean() || len(found(report)) > 0 {
					t.Errorf("after the repair: %+v", report)
				}
				if d.want[fsck.StaleCache] > 0 {
					w.wantUncached(products)
				}
			})
		}
	}
}

func (w *system) wantUncached(products []catalog.Product) {
	w.t.Helper()
	for _, p := range products {
		if e, found, err := w.cache.Get(w.t.Context(), catalog.ProductKey("e", p.ID)); found || err != nil {
			w.t.Errorf("product %d is still cached at %d: %v", p.ID, e.Version, err)
		}
	}
}

// TestGrace: what is young is left alone, by the check and by the repair.
func TestGrace(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	w.put("ab/ab000000000000000000000000000001/w320.webp", []byte("just stored"))
	gone := w.create(7)
	w.finish(gone)
	_, err := w.store.DeleteProduct(t.Context(), gone.ID, storetest.Unchecked)
	must(t, err)
	before := w.objects()
	report := w.checkWith(fsck.Config{Repair: true, Grace: time.Hour, Policy: media.DefaultPolicy()})
	if len(found(report)) != 0 || len(w.objects()) != len(before)+1 { // the marker
		t.Errorf("within the grace period: %+v; files %v", report, w.objects())
	}
	report = w.checkWith(fsck.Config{Repair: true, Grace: 50 * time.Millisecond, Policy: media.DefaultPolicy()})
	want := map[gc.Kind]int64{gc.OrphanObject: 1, gc.UnusedRendition: 1}
	if !maps.Equal(found(report), want) || !report.Clean() || len(w.objects()) != 1 {
		t.Errorf("after it: %+v; files %v", report, w.objects())
	}
}

// undeletable is a storage that refuses to delete.
type undeletable struct{ gc.Blobs }

var errUndeletable = errors.New("access denied")

func (undeletable) Delete(context.Context, string) error { return errUndeletable }

// TestRepairComesBeforeDeletion: what cannot be deleted keeps no published image
// from being repaired.
func TestRepairComesBeforeDeletion(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	p := w.create(1)
	w.finish(p)
	rendition := w.read(p.ID).Images[0].Rendition
	must(t, w.blobs.Delete(t.Context(), rendition.Compressed.Key))
	w.put(rendition.Key[:2]+"/"+rendition.Key+"/w9999.webp", []byte("a stray file"))
	parts := w.parts()
	parts.Blobs = undeletable{w.blobs}
	report, err := fsck.New(parts, fsck.Config{Repair: true, Policy: media.DefaultPolicy(), CacheLease: time.Millisecond}).Run(t.Context())
	if !errors.Is(err, errUndeletable) {
		t.Errorf("the check returned %v", err)
	}
	if f := report.Of(gc.MissingObject); f.Count != 1 || f.Repaired != 1 || w.read(p.ID).Images[0].Status != catalog.Pending {
		t.Errorf("missing files: %+v", f)
	}
}
