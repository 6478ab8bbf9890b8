package chaos_test

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/systemtest"
)

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
			if strings.HasPrefix(k, blob.Imports) { // sent, and never answered, or not deleted at the end: collected a day later
				o.left++
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
