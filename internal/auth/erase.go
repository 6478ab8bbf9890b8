package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"vitrine.dev/internal/job"
	"vitrine.dev/internal/requestid"
)

// KindErasure is the kind of the jobs that erase a user with all that the user owns.
const KindErasure = "erase-user"

// EraseUser begins to erase the user in the background: products with their images,
// idempotency keys, keys, and the user last. The keys are revoked, and no key and no product
// is made for the user from now on, which is why it cannot be aborted. Asked for again it is
// the same job. fault.NotFound.
func (a *Accounts) EraseUser(ctx context.Context, by Principal, id int64) (job.Job, error) {
	j := job.Job{Kind: KindErasure, Input: ErasureInput(id), RequestID: requestid.From(ctx)}
	return a.store.EraseUser(ctx, id, j, entryOf(ctx, by, "user.erase", "", Done))
}

// Erasure returns the job that erases the user, or has done so. fault.NotFound, also once
// the job is past its retention.
func (a *Accounts) Erasure(ctx context.Context, user int64) (job.Job, error) {
	return a.store.Erasure(ctx, user)
}

// ErasureInput is the input of the job that erases the user: the same text every time, by
// which the job is found.
func ErasureInput(user int64) json.RawMessage {
	return json.RawMessage(`{"user_id":` + strconv.FormatInt(user, 10) + `}`)
}

// ErasedUser returns the user whom the job, of KindErasure, erases.
func ErasedUser(j job.Job) (int64, error) {
	var input struct {
		UserID int64 `json:"user_id"`
	}
	if err := json.Unmarshal(j.Input, &input); err != nil {
		return 0, fmt.Errorf("user of job %d: %w", j.ID, err)
	}
	return input.UserID, nil
}

// ErasedEntry says that the job has erased its user. Who asked for it stands in the entry
// of the same request.
func ErasedEntry(j job.Job) Entry {
	return Entry{RequestID: j.RequestID, Action: "user.erased", Outcome: Done}
}
