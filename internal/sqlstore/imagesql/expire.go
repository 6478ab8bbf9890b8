package imagesql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/attemptsql"
)

// isSilent is that a host has failed and answered no one for $%d milliseconds, from
// its first failure to its last.
const isSilent = `failing_at > 0 AND failing_at <= {now} - $%[1]d AND failed_at - failing_at >= $%[1]d`

// silentHosts are the hosts that are silent and for which an image is parked that had
// waited for so long when they last failed: a host for which none has must not keep
// others out of the limit.
const silentHosts = `
	SELECT host, reason, reason_detail FROM hosts WHERE ` + isSilent + ` AND (
		(SELECT due_at FROM images WHERE stage = 1 AND source_host = host AND tried = 0 ORDER BY due_at LIMIT 1) <= failed_at - $1
		OR (SELECT due_at FROM images WHERE stage = 1 AND source_host = host AND tried = 1 ORDER BY due_at LIMIT 1) <= failed_at - $1)
	ORDER BY failing_at LIMIT $2`

// SilentHosts implements media.Store.
func (s *Images) SilentHosts(ctx context.Context, silent time.Duration, limit int) (hosts []media.SilentHost, err error) {
	err = s.db.Along(ctx, "look for silent hosts", func(ctx context.Context, from sqldb.Querier) (err error) {
		hosts, err = s.silentHosts(ctx, from, silent, limit)
		return err
	})
	return hosts, err
}

func (s *Images) silentHosts(ctx context.Context, from sqldb.Querier, silent time.Duration, limit int) ([]media.SilentHost, error) {
	return sqldb.Collect(ctx, from, func(row sqldb.Row, h *media.SilentHost) error {
		var reason, detail string
		err := row.Scan(&h.Host, &reason, &detail)
		h.Last = fault.Fail(fault.Reason(reason), detail, nil)
		return err
	}, s.db.SQL(fmt.Sprintf(silentHosts, 1)), silent.Milliseconds(), limit)
}

// Expire implements media.Store. It locks the products before the images, as
// Replay does, and asks of each image again what it was selected for. It asks of the
// host again whether it is silent: what answers meanwhile waits for the lock.
func (s *Images) Expire(
	ctx context.Context, host string, waited time.Duration, f *fault.Failure, limit int,
) (changed []catalog.Changed, err error) {
	const waits = ` source_host = $1 AND due_at <= $2`
	err = s.db.InTxNotify(ctx, "expire images", func(ctx context.Context, tx *sql.Tx) error {
		changed = nil
		failedAt, err := sqldb.IDs(ctx, tx, s.db.SQL(`SELECT failed_at FROM hosts WHERE host = $1 AND `+fmt.Sprintf(isSilent, 2)+`{for update}`),
			host, waited.Milliseconds())
		if err != nil || len(failedAt) == 0 {
			return err
		}
		due := failedAt[0] - waited.Milliseconds()
		const some = `SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND tried = `
		images, err := sqldb.IDs(ctx, tx, s.db.SQL(
			some+`0 AND`+waits+` ORDER BY due_at LIMIT $3) AS untried UNION ALL `+some+`1 AND`+waits+` ORDER BY due_at LIMIT $3) AS tried LIMIT $3`),
			host, due, limit)
		if err != nil || len(images) == 0 {
			return err
		}
		marks, args := sqldb.In(1, images)
		_, err = sqldb.IDs(ctx, tx, s.db.SQL(
			`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE id IN (`+marks+`)) ORDER BY id{for update}`), args...)
		if err != nil {
			return err
		}
		marks, args = sqldb.In(5, images)
		failed, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *movedImage) error { return row.Scan(&m.image, &m.product, &m.shown) },
			s.db.SQL(fail("$3", "$4")+` WHERE stage + 0 = 1 AND`+waits+` AND id IN (`+marks+`) RETURNING id, product_id, status = 'ready'`),
			append([]any{host, due, string(f.Reason), f.Detail}, args...)...)
		if err != nil || len(failed) == 0 {
			return err
		}
		ids := make([]int64, len(failed))
		for i, m := range failed {
			ids[i] = m.image
		}
		if err := attemptsql.WriteWithout(ctx, s.db, tx, ids, f); err != nil {
			return err
		}
		changed, err = progressEach(ctx, s.db, tx, failed, events.ImageFailed, events.Data{Reason: string(f.Reason)})
		return err
	})
	return changed, err
}
