package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what is published is one of these
	_ "image/png"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	_ "golang.org/x/image/webp" // the same

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// view is a product as the API shows it.
type view struct {
	state

	ID     int64 `json:"id"`
	Detail []struct {
		ID       int64  `json:"id"`
		Source   string `json:"source_url"`
		Status   string `json:"status"`
		Attempts int    `json:"attempts"`
		Reason   *struct {
			Code string `json:"code"`
		} `json:"reason"`
		Compressed *struct {
			URL string `json:"url"`
		} `json:"compressed"`
		Variants []struct {
			URL string `json:"url"`
		} `json:"variants"`
	} `json:"images"`
}

// awaitEnds waits until no image is under way, and returns how long that took
// after the last fault; false when it took too long.
func awaitEnds(sys *system, last time.Time) (time.Duration, []string) {
	for {
		var waiting []string
		sys.query(func(ctx context.Context, db *pgx.Conn) error {
			rows, err := db.Query(ctx, `SELECT format('image %s of product %s: %s, %s attempts, %s', id, product_id, status, attempts, reason)
				FROM images WHERE status IN ('pending', 'processing') ORDER BY id LIMIT 20`)
			if err != nil {
				return err
			}
			waiting, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		took := time.Since(last)
		if len(waiting) == 0 || took > settleBound {
			return took, waiting
		}
		pause(sys.t.Context(), 250*time.Millisecond)
	}
}

// outcome is what became of what was accepted.
type outcome struct {
	products, deleted, images, ready int
	failed                           map[string]int // by reason
	attempts                         int            // the most of any image
	requeued                         int            // jobs that a sweep queued again
	problems                         map[string][]string
}

func (o *outcome) wrong(check, format string, args ...any) {
	o.problems[check] = append(o.problems[check], fmt.Sprintf(format, args...))
}

// The checks, as the report names them.
const (
	checkExists    = "every product answered 201 exists with exactly what was sent"
	checkOnce      = "no product exists twice for one idempotency key"
	checkEnded     = "every image ended ready or failed with a true reason"
	checkBytes     = "the bytes behind every URL decode to the expected picture"
	checkPublished = "no image was published twice"
	checkOrphans   = "no orphan is left in storage after the clean-up"
	checkTogether  = "every image was committed together with its job"
	checkRequeued  = "no job was lost but those that were wiped"
)

// verify compares what the clients know with what there is.
func verify(sys *system, c *client, know *ledger, src *source, wiped map[int64]bool) *outcome {
	o := &outcome{failed: map[string]int{}, problems: map[string][]string{}}
	ctx := sys.t.Context()
	for _, it := range know.all() {
		for n, api := range sys.apis {
			e := event{op: "read", product: it.id}
			a := c.ask(ctx, &e, api, "GET", path(it), nil, nil)
			switch {
			case a.status == 404 && (it.deleted || it.doomed):
				if n == 0 {
					o.deleted++
				}
			case a.status == 200 && !it.deleted:
				o.product(it, a, n == 0, src, sys)
			default:
				o.wrong(checkExists, "product %d (deleted: %v) answers %d through %s", it.id, it.deleted, a.status, api.name)
			}
		}
	}
	o.once(sys, know)
	o.audited(sys, wiped)
	return o
}

func (o *outcome) product(it *item, a answer, first bool, src *source, sys *system) {
	var v view
	if err := json.Unmarshal(a.body, &v); err != nil {
		o.wrong(checkExists, "product %d: %v", it.id, err)
		return
	}
	if !it.may(version(a), v.state) {
		want := it.latest()
		o.wrong(checkExists, "product %d is %+v, not %+v", it.id, v.state, want)
	}
	if !first {
		return
	}
	o.products++
	for _, img := range v.Detail {
		o.images++
		o.attempts = max(o.attempts, img.Attempts)
		want, reason := expected(kindOf(img.Source)), ""
		if img.Reason != nil {
			reason = img.Reason.Code
		}
		switch {
		case img.Status == "ready" && want == "" && img.Compressed != nil:
			o.ready++
			urls := []string{img.Compressed.URL}
			for _, variant := range img.Variants {
				urls = append(urls, variant.URL)
			}
			for _, u := range urls {
				if err := samePicture(sys, src, img.Source, u); err != nil {
					o.wrong(checkBytes, "image %d of product %d from %s at %s: %v", img.ID, it.id, img.Source, u, err)
				}
			}
		case img.Status == "failed" && reason == want && want != "":
			o.failed[reason]++
		default:
			o.wrong(checkEnded, "image %d of product %d from %s is %s %s after %d attempts",
				img.ID, it.id, img.Source, img.Status, reason, img.Attempts)
		}
	}
}

// samePicture reads what was published and compares it with its source.
func samePicture(sys *system, src *source, from, published string) error {
	k, err := key(published)
	if err != nil {
		return err
	}
	object, err := sys.objects.GetObject(sys.t.Context(), &s3.GetObjectInput{Bucket: &sys.servers.Bucket, Key: &k})
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer object.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(object.Body); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	got, _, err := image.Decode(&body)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	u, err := url.Parse(from)
	if err != nil {
		return err
	}
	nearest := 255.0
	for n := range src.versions(u.Path) {
		want := picture(u.Path, n)
		if w, g := want.Bounds(), got.Bounds(); w.Dx() != g.Dx() || w.Dy() != g.Dy() {
			continue
		}
		nearest = min(nearest, imagingtest.MeanDifference(got, want))
	}
	const bound = 12 // WebP in limited range is decoded a little darker
	if nearest > bound {
		return fmt.Errorf("%v is another picture: %.1f of 255 away", got.Bounds(), nearest)
	}
	return nil
}

// once looks for products that were made twice, and for those of which no
// client knows whether they were made: they may exist, whole, or not.
func (o *outcome) once(sys *system, know *ledger) {
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, //nolint:rowserrcheck // ForEachRow does
			`SELECT name, count(*), count(DISTINCT id) FROM products GROUP BY name HAVING count(*) > 1`)
		if err != nil {
			return err
		}
		var name string
		var n, ids int
		_, err = pgx.ForEachRow(rows, []any{&name, &n, &ids}, func() error {
			o.wrong(checkOnce, "%q exists %d times", name, n)
			return nil
		})
		if err != nil {
			return err
		}
		for name, sent := range know.lost {
			var images int
			var description string
			err := db.QueryRow(ctx, `SELECT description, (SELECT count(*) FROM images WHERE product_id = p.id)
				FROM products p WHERE name = $1`, name).Scan(&description, &images)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if description != sent.Description || images != len(sent.Images) {
				o.wrong(checkExists, "%q was made in part: %d of %d images", name, images, len(sent.Images))
			}
		}
		return nil
	})
}

// audited reads what the database noted.
func (o *outcome) audited(sys *system, wiped map[int64]bool) {
	const twice = `SELECT image_id, format('image %s (generation %s) was published %s times with %s results',
			image_id, generation, count(*), count(DISTINCT rendition_key))
		FROM chaos_audit WHERE what = 'published' GROUP BY image_id, generation HAVING count(*) > 1`
	const apart = `SELECT image_id, format('image %s was committed without its job', image_id) FROM chaos_audit b
		WHERE what = 'born' AND NOT EXISTS (SELECT 1 FROM chaos_audit j
			WHERE j.what = 'job' AND j.image_id = b.image_id AND j.transaction = b.transaction)`
	const requeued = `SELECT image_id, format('the job of image %s was lost', image_id) FROM chaos_audit WHERE what = 'requeued'`
	always := func(int64) bool { return true }
	o.audit(sys, checkPublished, twice, always)
	o.audit(sys, checkTogether, apart, always)
	o.audit(sys, checkRequeued, requeued, func(image int64) bool {
		o.requeued++
		return !wiped[image]
	})
}

// audit notes each row that the query finds and that is wrong.
func (o *outcome) audit(sys *system, check, query string, wrong func(image int64) bool) {
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, query) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var image int64
		var what string
		_, err = pgx.ForEachRow(rows, []any{&image, &what}, func() error {
			if wrong(image) {
				o.wrong(check, "%s", what)
			}
			return nil
		})
		return err
	})
}

// cleanUp has everything collected that nothing refers to, and then compares
// storage and database by itself. It returns how many objects are left.
func (o *outcome) cleanUp(sys *system) (objects int) {
	ctx, cancel := context.WithTimeout(sys.t.Context(), 3*time.Minute)
	defer cancel()
	// Two rounds: the first parts with renditions that nothing shows, the
	// second with their objects.
	for range 2 {
		pause(ctx, 1500*time.Millisecond)
		if p := systemtest.Finish(sys.t, "fsck --repair --grace 1s", sys.direct()); !p.State().Success() {
			o.wrong(checkOrphans, "fsck: %v: %.2000s", p.State(), p.Output())
		}
	}
	used := o.used(sys)
	pages := s3.NewListObjectsV2Paginator(sys.objects, &s3.ListObjectsV2Input{Bucket: &sys.servers.Bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			sys.t.Fatalf("list the bucket: %v", err)
		}
		for _, object := range page.Contents {
			k := aws.ToString(object.Key)
			if strings.HasPrefix(k, "installation/") || k == blob.ProbeKey { // say whose storage this is, and that it can be written to
				continue
			}
			objects++
			if !used[k] {
				o.wrong(checkOrphans, "%s", k)
			}
			delete(used, k)
		}
	}
	for k := range used {
		o.wrong(checkBytes, "%s is missing after the clean-up", k)
	}
	return objects
}

// used returns the keys of all objects that an image shows.
func (o *outcome) used(sys *system) map[string]bool {
	used := map[string]bool{}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, //nolint:rowserrcheck // ForEachRow does
			`SELECT DISTINCT r.outputs FROM renditions r JOIN images i ON i.rendition_key = r.key`)
		if err != nil {
			return err
		}
		var text string
		_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
			var out struct {
				Compressed struct {
					Key string `json:"key"`
				} `json:"compressed"`
				Variants []struct {
					Key string `json:"key"`
				} `json:"variants"`
			}
			if err := json.NewDecoder(strings.NewReader(text)).Decode(&out); err != nil {
				return err
			}
			used[out.Compressed.Key] = true
			for _, v := range out.Variants {
				used[v.Key] = true
			}
			return nil
		})
		return err
	})
	return used
}
