package auth

import (
	"context"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/signing"
)

// ErrUnknownUser is what a Store returns for a user that does not exist.
var ErrUnknownUser = fault.InvalidField(FieldUserID, "is not a known user")

// Accounts are the use cases of users and keys. Whoever calls them has checked that the
// principal may. Errors are of the kinds of package fault.
type Accounts struct {
	store    Store
	refusals refusals
}

// NewAccounts returns the accounts of the store.
func NewAccounts(store Store) *Accounts { return &Accounts{store: store} }

// AddUser adds a user with the next id. It is not idempotent. fault.Invalid.
func (a *Accounts) AddUser(ctx context.Context, by Principal, d UserDraft) (User, error) {
	if err := d.check(); err != nil {
		return User{}, err
	}
	return a.store.AddUser(ctx, d, entryOf(ctx, by, "user.create", "", Done))
}

// User returns the user. fault.NotFound.
func (a *Accounts) User(ctx context.Context, id int64) (User, error) { return a.store.User(ctx, id) }

// Users returns a page of users by id, those beyond after, and whether there are more.
// limit 0 stands for paging.Default.
func (a *Accounts) Users(ctx context.Context, after int64, limit int) ([]User, bool, error) {
	return paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]User, error) { return a.store.ListUsers(ctx, after, limit) })
}

// ChangeUser applies the patch. fault.Invalid, fault.NotFound.
func (a *Accounts) ChangeUser(ctx context.Context, by Principal, id int64, p UserPatch) (User, error) {
	return a.store.ReviseUser(ctx, id, p.apply, entryOf(ctx, by, "user.change", "", Done))
}

// RemoveUser removes the user with its keys. fault.NotFound; fault.Conflict where it has
// products.
func (a *Accounts) RemoveUser(ctx context.Context, by Principal, id int64) error {
	return a.store.RemoveUser(ctx, id, entryOf(ctx, by, "user.delete", "", Done))
}

// CreateKey makes a key and returns it with its text, which no one can read again.
// fault.Invalid.
func (a *Accounts) CreateKey(ctx context.Context, by Principal, d KeyDraft) (Created, error) {
	if err := d.check(); err != nil {
		return Created{}, err
	}
	n, secret := newKey(d)
	k, err := a.store.AddKey(ctx, n, entryOf(ctx, by, ActionCreateKey, "", Done))
	return Created{Key: k, Secret: secret}, err
}

// Key returns the key, also one that is over. fault.NotFound.
func (a *Accounts) Key(ctx context.Context, id int64) (Key, error) { return a.store.Key(ctx, id) }

// Keys returns a page of the keys of the user, 0 for all, as Users does.
func (a *Accounts) Keys(ctx context.Context, user, after int64, limit int) ([]Key, bool, error) {
	return paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]Key, error) { return a.store.ListKeys(ctx, user, after, limit) })
}

// RevokeKey ends a key at once. Every process refuses it within seconds. fault.NotFound.
func (a *Accounts) RevokeKey(ctx context.Context, by Principal, id int64) (Key, error) {
	return a.store.RevokeKey(ctx, id, entryOf(ctx, by, "key.revoke", "", Done))
}

// RotateKey makes a key that is like the one of the id, and lives as long as that one
// was to. The old one ends after the overlap. fault.Invalid; fault.NotFound;
// fault.Conflict where the old one is over.
func (a *Accounts) RotateKey(ctx context.Context, by Principal, id int64, overlap time.Duration) (Created, error) {
	if reason := secondsFault(overlap, MaxOverlap); reason != "" {
		return Created{}, fault.InvalidField(FieldOverlap, reason)
	}
	var secret string
	k, err := a.store.RotateKey(ctx, id, overlap, func(old Key, now time.Time) (NewKey, error) {
		if old.Over(now) {
			return NewKey{}, fault.New(fault.Conflict, "the key is revoked or expired; make a new one")
		}
		var n NewKey
		n, secret = newKey(KeyDraft{UserID: old.UserID, Name: old.Name, Scopes: old.Scopes, Life: old.Life})
		return n, nil
	}, entryOf(ctx, by, "key.rotate", "", Done))
	return Created{Key: k, Secret: secret}, err
}

// RotateSigning has everything signed by a new secret from now on. What the one before it
// has signed is valid for the overlap. fault.Invalid.
func (a *Accounts) RotateSigning(ctx context.Context, by Principal, overlap time.Duration) error {
	if reason := secondsFault(overlap, MaxOverlap); reason != "" {
		return fault.InvalidField(FieldOverlap, reason)
	}
	return a.store.RotateSigning(ctx, signing.NewSecret(), overlap, entryOf(ctx, by, "signing-key.rotate", "", Done))
}

// Over reports whether the key cannot be used any more.
func (k Key) Over(now time.Time) bool {
	return !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// Audit returns a page of the audit log before the entry of the id, 0 for the newest.
func (a *Accounts) Audit(ctx context.Context, before int64, limit int) ([]Entry, bool, error) {
	return paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]Entry, error) { return a.store.ListAudit(ctx, before, limit) })
}

// Record writes that the principal has done what is no change of users or keys.
func (a *Accounts) Record(ctx context.Context, by Principal, action, target, outcome string) error {
	return a.store.AppendAudit(ctx, entryOf(ctx, by, action, target, outcome))
}

// RecordRefused writes that the principal was refused an action: of each key one a second in
// this process, so that no one fills the log; the others are left out.
func (a *Accounts) RecordRefused(ctx context.Context, by Principal, action, target string) error {
	if !a.refusals.recorded(by.Key, time.Now()) {
		return nil
	}
	return a.Record(ctx, by, action, target, Refused)
}
