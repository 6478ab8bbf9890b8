package imagesql

import (
	"context"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/tracing"
)

// Every arrow of docs/image-states.md is one text here, and nothing else writes
// the status or the stage of an image that is there: TestTransitions looks for
// others. The numbers of stages are those of media.Stage.
//
// A statement that knows the id asks for the stage as an expression (stage + 0):
// next to the condition itself, PostgreSQL reads the whole of the stage's index
// instead of the one row, where its statistics are from a moment at which that
// index was empty.

// The conditions of transitions.
const (
	// held is that a claim still is one: $1 to $3 are its image, generation and
	// attempt, its fencing token.
	held = ` WHERE id = $1 AND generation = $2 AND attempts = $3 AND stage + 0 = 3 AND lease_until > 0`
	// ranOut is that of a claim whose lease is over.
	ranOut = held + ` AND lease_until < {now}`
	// delivered is that the image is out for the very message that was received,
	// and not begun: $1 to $4 are its image, product, generation and token.
	delivered = ` WHERE id = $1 AND product_id = $2 AND generation = $3 AND stage + 0 = 3 AND dispatched_until = $4 AND lease_until = 0`
)

// shownNow notes the time of a change, unless the image shows what it did.
const shownNow = `updated_at = CASE status WHEN 'ready' THEN updated_at ELSE {now} END`

// atRest ends whatever work there was.
const atRest = `rank = NULL, dispatched_until = 0, lease_until = 0`

const (
	// How a step of the dispatcher moves the rows of v between later, parked, in line
	// and out, and what was lost to out again. $1 is the life of what is out.
	moved = `
		UPDATE images SET stage = new_stage, class = new_class, rank = CASE new_stage WHEN 1 THEN NULL ELSE new_rank END, cost = new_cost,
			dispatched_until = CASE new_stage WHEN 3 THEN {now} + $1 ELSE 0 END
		FROM %s
		WHERE images.id = row_id AND images.stage + 0 = old_stage AND images.dispatched_until = old_token AND images.lease_until = 0
		RETURNING images.id, images.product_id, images.generation, images.request_id, images.traceparent, images.source_host,
			images.class = 1, images.dispatched_until, coalesce(images.rank, 0)`

	// Out to in line: the message was not published.
	unpublish = `UPDATE images SET stage = 2, dispatched_until = 0` + delivered + ` RETURNING class, rank`

	// Out to later: it is due again after $5.
	reschedule = `UPDATE images SET stage = 0, due_at = {now} + $5, ` + atRest + delivered

	// Out to running. It moves no index entry, so that the new version of the row
	// stays in its page.
	begin = `UPDATE images SET attempts = attempts + 1, lease_until = {now} + $5` + delivered

	// Running to running.
	renew = `UPDATE images SET lease_until = {now} + $4` + held

	// Running to no work: what the image shows is what its source still is.
	unchanged = `UPDATE images SET stage = NULL, refresh_error = '', ` + atRest + held + ` AND status = 'ready'`

	// Running to ready. $4 is the rendition, $5 when the claim is too old, $6 and $7 the
	// version of the source.
	complete = `
		UPDATE images SET status = 'ready', stage = NULL,
			updated_at = CASE WHEN status = 'ready' AND rendition_key = $4 THEN updated_at ELSE {now} END,
			shown_attempts = CASE WHEN status = 'ready' AND rendition_key = $4 THEN shown_attempts ELSE attempts END, rendition_key = $4, source_etag = $6, source_modified = $7, reason = '', reason_detail = '', refresh_error = '', ` +
		atRest + held + ` AND {now} < $5`

	// Begun to run out: its worker is known to be dead.
	endLease = `UPDATE images SET lease_until = 1 WHERE stage = 3 AND lease_until > 0`

	// Out to later: so is the queue that had its message.
	endMessage = `UPDATE images SET stage = 0, due_at = {now}, ` + atRest + ` WHERE stage = 3 AND lease_until = 0`
)

// retry is running to later, $6 milliseconds from now. A ready image stays ready.
func retry() string {
	return `UPDATE images SET stage = 0, due_at = {now} + $6, lost_attempts = $7, ` + shownNow + `,
			tried = CASE WHEN attempts > $7 THEN 1 ELSE 0 END, ` + failure("$4", "$5") + `, ` + atRest
}

// fail is running, or waiting, to no work: there is no retry. A ready image
// stays ready.
func fail(reason, detail string) string {
	return `
		UPDATE images SET stage = NULL, status = CASE status WHEN 'ready' THEN status ELSE 'failed' END,
			` + shownNow + `, failed_at = CASE status WHEN 'ready' THEN 0 ELSE {now} END, ` + failure(reason, detail) + `, ` + atRest
}

// failure notes why an attempt failed, where it is shown.
func failure(reason, detail string) string {
	return `reason = CASE status WHEN 'ready' THEN '' ELSE ` + reason + ` END,
			reason_detail = CASE status WHEN 'ready' THEN '' ELSE ` + detail + ` END,
			refresh_error = CASE status WHEN 'ready' THEN ` + reason + ` ELSE '' END`
}

// replay is failed to later: the image starts over, for the request. Its caller completes it.
func replay() string { return startOver(media.First, catalog.Pending) + askedFor }

// refresh is ready and no work to later, for the request. Its caller completes it.
func refresh() string { return startOver(media.Refresh, catalog.Ready) + askedFor + ` WHERE ` + Idle }

// askedFor notes the request that asked for the work: $1 and $2 are request.
const askedFor = `, request_id = $1, traceparent = $2`

// request returns the arguments of askedFor, and more behind them.
func request(ctx context.Context, id string, more ...any) []any {
	return append([]any{id, tracing.Traceparent(ctx)}, more...)
}

// Idle is the condition that an image, which is found by something else, is ready and
// not worked on; AllIdle that of the index of all these.
const (
	Idle    = `status = 'ready' AND stage + 0 IS NULL`
	AllIdle = `status = 'ready' AND stage IS NULL`
)

// rebuild is ready, whatever the work, to later: files of its rendition $3 are
// lost. What it showed is shown meanwhile where it stays ready.
func rebuild(status catalog.Status) string {
	return startOver(media.Repair, status) + `
		WHERE id = $1 AND generation = $2 AND status = 'ready' AND rendition_key = $3`
}

// startOver is how an image gets the work of a new one, in its next generation,
// also by its age.
func startOver(kind media.Kind, status catalog.Status) string {
	shown, updated := `rendition_key`, ``
	if status != catalog.Ready {
		shown, updated = `NULL`, `updated_at = {now}, `
	}
	return `
		UPDATE images SET status = '` + string(status) + `', rendition_key = ` + shown + `, job_kind = '` + string(kind) + `',
			stage = 0, due_at = {now}, generation = generation + 1, attempts = 0, lost_attempts = 0, tried = 0, reason = '', reason_detail = '',
			refresh_error = '', failed_at = 0, discarded_at = 0, accepted_at = {now}, ` + updated + atRest
}
