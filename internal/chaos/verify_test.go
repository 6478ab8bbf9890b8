package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // what is published is one of these
	_ "image/png"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	_ "golang.org/x/image/webp" // the same

	"vitrine.dev/internal/imaging/imagingtest"
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

// ending is how the images that were under way ended.
type ending struct {
	took, limit time.Duration // after the last fault
	left        int           // when the load had ended
	waiting     []string      // some that are under way though the limit is over
}

// awaitEnds waits until no image and no import is under way, or the limit is over.
func awaitEnds(sys *system, last time.Time) (s ending) {
	for {
		var left int
		sys.query(func(ctx context.Context, db *pgx.Conn) error {
			rows, err := db.Query(ctx, `SELECT format('image %s of product %s: %s, %s attempts, %s', id, product_id, status, attempts, reason)
				FROM images WHERE status = 'pending'
				UNION ALL SELECT format('import %s: %s, %s', id, state, phase) FROM imports JOIN dead_jobs ON id = job_id WHERE state IN ('running', 'paused')
				ORDER BY 1 LIMIT 20`)
			if err != nil {
				return err
			}
			if s.waiting, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				return err
			}
			return db.QueryRow(ctx, `SELECT count(*) FROM images WHERE status = 'pending'`).Scan(&left)
		})
		if s.limit == 0 {
			s.left, s.limit = left, settleBound+time.Duration(left)*settleEach
		}
		if s.took = time.Since(last); len(s.waiting) == 0 || s.took > s.limit {
			return s
		}
		pause(sys.t.Context(), 250*time.Millisecond)
	}
}

// outcome is what became of what was accepted.
type outcome struct {
	products, deleted, images, ready int
	failed                           map[string]int // by reason
	attempts                         int            // the most of any image
	lost                             int            // messages whose time ran out before they were begun
	imported                         int            // products of imports
	left                             int            // files of imports
	importStates, importRows         map[string]int
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
	checkBegun     = "no image was begun that was not out, or while it was worked on"
	checkOrphans   = "no orphan is left in storage after the clean-up"
	checkTogether  = "every change was committed together with its event"
	checkSkipped   = "no reader of the event log went past an event before it was committed"
	checkLost      = "no message was lost but those that were wiped, or dispatched as something failed"
)

// verify compares what the clients know with what there is.
func verify(sys *system, c *client, know *model, src *source, in *injector, importers []*importer) *outcome {
	o := &outcome{failed: map[string]int{}, problems: map[string][]string{}}
	ctx := sys.t.Context()
	o.imports(sys, c, know, importers)
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
	o.audited(sys, in)
	return o
}

func (o *outcome) product(it *item, a answer, first bool, src *source, sys *system) {
	var v view
	if err := json.Unmarshal(a.body, &v); err != nil {
		o.wrong(checkExists, "product %d: %v", it.id, err)
		return
	}
	if !it.may(revision(a), v.state) {
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
		case img.Status == "failed" && (reason == want && want != "" || it.cancelled && reason == "cancelled"):
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
