package auth

import (
	"context"
	"time"

	"vitrine.dev/internal/job"
	"vitrine.dev/internal/signing"
)

// Store keeps users, keys and the audit log. Every method is one transaction, safe for
// concurrent use, takes the time from the database's clock, and returns errors of kind
// fault.Unavailable where the database cannot be reached, beside those that it names. An
// Entry is written together with the change that it is about, which sets its target.
type Store interface {
	AddUser(ctx context.Context, d UserDraft, e Entry) (User, error)
	// User returns the user. fault.NotFound.
	User(ctx context.Context, id int64) (User, error)
	// ListUsers returns at most limit users whose ids are beyond after, by id.
	ListUsers(ctx context.Context, after int64, limit int) ([]User, error)
	// ReviseUser writes what revise makes of the user; an error of it is returned as it
	// is. fault.NotFound.
	ReviseUser(ctx context.Context, id int64, revise func(User) (User, error), e Entry) (User, error)
	// RemoveUser removes the user with its keys. fault.NotFound; fault.Conflict where it
	// has products.
	RemoveUser(ctx context.Context, id int64, e Entry) error
	// EraseUser creates the job, of KindErasure, with the number of the user's products,
	// revokes the user's keys, and lets neither keys nor products be made for the user from
	// then on. Where it was called before it returns the job of that time. fault.NotFound.
	EraseUser(ctx context.Context, id int64, j job.Job, e Entry) (job.Job, error)
	// Erasure returns the job that erases or has erased the user. fault.NotFound.
	Erasure(ctx context.Context, user int64) (job.Job, error)

	// AddKey stores a key. ErrUnknownUser, also where the user is being erased.
	AddKey(ctx context.Context, n NewKey, e Entry) (Key, error)
	// Key returns the key, also one that is over. fault.NotFound.
	Key(ctx context.Context, id int64) (Key, error)
	// ListKeys returns at most limit keys of the user (0: of all) whose ids are beyond
	// after, by id, with those that are over.
	ListKeys(ctx context.Context, user, after int64, limit int) ([]Key, error)
	// RevokeKey ends a key at once and records events.KeyChanged; one that was revoked
	// before stays as it is. fault.NotFound.
	RevokeKey(ctx context.Context, id int64, e Entry) (Key, error)
	// RotateKey stores the key that replace makes of the key, which ends after the overlap,
	// or earlier as it is, and records events.KeyChanged. An error of replace is returned as
	// it is. fault.NotFound.
	RotateKey(ctx context.Context, id int64, overlap time.Duration, replace func(old Key, now time.Time) (NewKey, error), e Entry) (Key, error)

	// AddSession stores a session of the key, which ends with it, after life at the latest.
	// ErrUnknownKey where the key is over.
	AddSession(ctx context.Context, d Digest, key int64, life time.Duration, e Entry) error
	// EndSession removes a session and records events.KeyChanged, so that no process goes on to
	// take it for valid; one that is not there is no error.
	EndSession(ctx context.Context, d Digest, e Entry) error
	// PurgeSessions removes at most limit that are over by their age, and returns how many.
	PurgeSessions(ctx context.Context, limit int) (removed int, err error)

	// RotateSigning makes the secret the one that signs. Those before it verify for the
	// overlap, or less where they were replaced before; those that are over are removed. It
	// records events.SigningChanged.
	RotateSigning(ctx context.Context, next signing.Secret, overlap time.Duration, e Entry) error

	// ListAudit returns at most limit entries before the id (0: from the newest on), newest first.
	ListAudit(ctx context.Context, before int64, limit int) ([]Entry, error)
	// AppendAudit writes an entry of an action that is no change of users or keys.
	AppendAudit(ctx context.Context, e Entry) error
	// PurgeAudit removes at most limit entries that are older than the age.
	PurgeAudit(ctx context.Context, age time.Duration, limit int) (removed int, err error)
}

// Lookup is what an Authenticator needs of the database. Its methods are like those of
// a Store.
type Lookup interface {
	// KeyByDigest returns the key that is neither revoked nor expired, and for how long
	// it still lives, 0 for ever. fault.NotFound.
	KeyByDigest(ctx context.Context, d Digest) (k Key, left time.Duration, err error)
	// LiveKey is KeyByDigest of an id.
	LiveKey(ctx context.Context, id int64) (k Key, left time.Duration, err error)
	// KeyBySession is KeyByDigest of the key that a session is of, by the digest of its token;
	// left is what is left of the session or of the key, whichever ends first.
	KeyBySession(ctx context.Context, d Digest) (k Key, left time.Duration, err error)
	// UserExists reports whether there is such a user, who is not being erased.
	UserExists(ctx context.Context, id int64) (bool, error)
	// MarkUsed notes that the keys were used now.
	MarkUsed(ctx context.Context, ids []int64) error
	// HasKeys reports whether any key can be used.
	HasKeys(ctx context.Context) (bool, error)
}
