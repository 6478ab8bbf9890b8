package imagesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// record is the JSON of how an attempt went.
type record struct {
	Generation int64        `json:"generation"`
	Attempt    int          `json:"attempt"`
	Steps      []recordStep `json:"steps,omitempty"`
	Status     int          `json:"status,omitempty"`
	Hops       int          `json:"hops,omitempty"`
	Reused     bool         `json:"reused,omitempty"`
	Worker     string       `json:"worker,omitempty"`
	TraceID    string       `json:"trace,omitempty"`
	TookMS     int64        `json:"took_ms"`
	WaitedMS   int64        `json:"waited_ms"`
}

type recordStep struct {
	Name media.StepName `json:"name"`
	MS   int64          `json:"ms"`
	In   int64          `json:"in,omitempty"`
	Out  int64          `json:"out,omitempty"`
}

func encodeRecord(c media.Claim) (string, error) {
	r := c.Record
	e := record{
		Generation: c.Generation, Attempt: c.Attempt,
		Status: r.Status, Hops: r.Hops, Reused: r.Reused, Worker: r.Worker, TraceID: r.TraceID,
		TookMS: r.Took.Milliseconds(), WaitedMS: r.Waited.Milliseconds(),
	}
	for _, s := range r.Steps {
		e.Steps = append(e.Steps, recordStep{Name: s.Name, MS: s.Took.Milliseconds(), In: s.BytesIn, Out: s.BytesOut})
	}
	text, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encode the record of an attempt: %w", err)
	}
	return string(text), nil
}

// decodeRecord leaves out what it cannot read, written by another version of the program.
func decodeRecord(text string) media.PastAttempt {
	var e record
	_ = json.Unmarshal([]byte(text), &e) // fills what it can
	p := media.PastAttempt{Generation: e.Generation, Attempt: e.Attempt, Record: media.Record{
		Status: e.Status, Hops: e.Hops, Reused: e.Reused, Worker: e.Worker, TraceID: e.TraceID,
		Took: time.Duration(e.TookMS) * time.Millisecond, Waited: time.Duration(e.WaitedMS) * time.Millisecond,
	}}
	for _, s := range e.Steps {
		p.Steps = append(p.Steps, media.Step{Name: s.Name, Took: time.Duration(s.MS) * time.Millisecond, BytesIn: s.In, BytesOut: s.Out})
	}
	return p
}

// recordFailed keeps the attempt of the claim, which has failed, in the transaction that says so,
// and removes the oldest of the image where there are too many.
func (s *Images) recordFailed(
	ctx context.Context, tx *sql.Tx, c media.Claim, o media.Outcome, f *fault.Failure, delay time.Duration,
) error {
	text, err := encodeRecord(c)
	if err != nil {
		return err
	}
	begun := int64(0)
	if !c.BegunAt.IsZero() {
		begun = c.BegunAt.UnixMilli()
	}
	_, err = tx.ExecContext(ctx, s.db.SQL(`
		INSERT INTO image_attempts (image_id, generation, attempt, outcome, reason, reason_detail, begun_at, ended_at, retry_after, record)
		VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, $8, $9)`),
		c.ImageID, c.Generation, c.Attempt, string(o), string(f.Reason), f.Detail, begun, delay.Milliseconds(), text)
	if err != nil || c.Attempt <= media.KeptAttempts && c.Generation == 1 {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM image_attempts WHERE image_id = $1 AND (generation, attempt) IN (
			SELECT generation, attempt FROM image_attempts WHERE image_id = $1
			ORDER BY generation DESC, attempt DESC LIMIT 1000 OFFSET $2)`, c.ImageID, media.KeptAttempts)
	return err
}

// PastAttempts implements dispatch.InspectorStore.
func (s *Images) PastAttempts(ctx context.Context, product, image int64) (user int64, list []media.PastAttempt, err error) {
	type current struct {
		user  int64
		shown media.PastAttempt
	}
	images, err := sqldb.Select(ctx, s.db, "read the attempt of what is shown", func(row sqldb.Row, c *current) error {
		var ended int64
		var text string
		err := row.Scan(&c.user, &ended, &text)
		if text != "" {
			c.shown = decodeRecord(text)
			c.shown.Outcome, c.shown.EndedAt = media.OutcomeReady, sqldb.Time(ended)
			c.shown.BegunAt = c.shown.EndedAt.Add(-c.shown.Took)
		}
		return err
	}, `SELECT user_id, shown_at, shown_record FROM images WHERE id = $1 AND product_id = $2`, image, product)
	if err == nil && len(images) == 0 {
		err = catalog.ErrNoImage
	}
	if err != nil {
		return 0, nil, err
	}
	list, err = sqldb.Select(ctx, s.db, "read attempts that failed", func(row sqldb.Row, p *media.PastAttempt) error {
		var outcome, reason, detail, text string
		var begun, ended, after int64
		err := row.Scan(&outcome, &reason, &detail, &begun, &ended, &after, &text)
		*p = decodeRecord(text)
		p.Outcome, p.Reason, p.Detail = media.Outcome(outcome), fault.Reason(reason), detail
		p.EndedAt, p.RetryAfter = sqldb.Time(ended), time.Duration(after)*time.Millisecond
		if begun > 0 {
			p.BegunAt = sqldb.Time(begun)
		}
		return err
	}, `SELECT outcome, reason, reason_detail, begun_at, ended_at, retry_after, record
		FROM image_attempts WHERE image_id = $1 ORDER BY generation, attempt`, image)
	if shown := images[0].shown; err == nil && shown.Outcome != "" {
		at := slices.IndexFunc(list, func(p media.PastAttempt) bool { return p.EndedAt.After(shown.EndedAt) })
		if at < 0 {
			at = len(list)
		}
		list = slices.Insert(list, at, shown)
	}
	return images[0].user, list, err
}

// PurgeAttempts removes at most limit records of attempts that ended so long ago, and returns how
// many.
func (s *Images) PurgeAttempts(ctx context.Context, age time.Duration, limit int) (int, error) {
	return s.db.Exec(ctx, "purge attempts", `
		DELETE FROM image_attempts WHERE (image_id, generation, attempt) IN (
			SELECT image_id, generation, attempt FROM image_attempts WHERE ended_at <= {now} - $1 ORDER BY ended_at LIMIT $2)`,
		age.Milliseconds(), limit)
}
