package accounts

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/paging"
)

// errOff is the answer to every request about keys while authentication is off.
var errOff = fault.New(fault.Conflict, "authentication is off: keys that anyone can make now would be valid once it is on; set AUTH=on first")

// CreateKey makes a key; the answer is the only one with its text.
func (h *Handler) CreateKey(w http.ResponseWriter, r *http.Request) error {
	if !h.Keys {
		return errOff
	}
	by := auth.From(r.Context())
	draft, err := httpkit.DecodeBody(r, decodeKey, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	draft.UserID = cmp.Or(draft.UserID, by.Actor())
	k, err := h.Accounts.CreateKey(r.Context(), by, draft)
	if err != nil {
		return fmt.Errorf("create key: %w", err)
	}
	return writeCreated(w, k)
}

// RotateKey makes a key in place of another, which ends after an overlap.
func (h *Handler) RotateKey(w http.ResponseWriter, r *http.Request) error {
	id, err := h.keyID(r)
	if err != nil {
		return err
	}
	overlap, err := httpkit.DecodeBody(r, decodeRotation, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	k, err := h.Accounts.RotateKey(r.Context(), auth.From(r.Context()), id, overlap)
	if err != nil {
		return fmt.Errorf("rotate key %d: %w", id, err)
	}
	return writeCreated(w, k)
}

// GetKey answers with a key, without its text.
func (h *Handler) GetKey(w http.ResponseWriter, r *http.Request) error {
	id, err := h.keyID(r)
	if err != nil {
		return err
	}
	k, err := h.Accounts.Key(r.Context(), id)
	if err != nil {
		return fmt.Errorf("get key %d: %w", id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wireKey(k))
}

// ListKeys answers with one page, by id.
func (h *Handler) ListKeys(w http.ResponseWriter, r *http.Request) error {
	if !h.Keys {
		return errOff
	}
	user := httpkit.ParamsOf(r).Integer(auth.FieldUserID, auth.MaxID)
	read := func(ctx context.Context, after int64, limit int) ([]auth.Key, bool, error) {
		return h.Accounts.Keys(ctx, user, after, limit)
	}
	return page.Serve(h.Cursors, w, r, "keys", paging.Most, read, wireKey, func(k auth.Key) int64 { return k.ID })
}

// RevokeKey ends a key at once.
func (h *Handler) RevokeKey(w http.ResponseWriter, r *http.Request) error {
	id, err := h.keyID(r)
	if err != nil {
		return err
	}
	k, err := h.Accounts.RevokeKey(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("revoke key %d: %w", id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wireKey(k))
}

func (h *Handler) keyID(r *http.Request) (int64, error) {
	if !h.Keys {
		return 0, errOff
	}
	return pathID(r)
}

func writeCreated(w http.ResponseWriter, k auth.Created) error {
	w.Header().Set("Location", "/keys/"+strconv.FormatInt(k.ID, 10))
	return httpkit.WriteFresh(w, http.StatusCreated, wire.CreatedKey{Key: wireKey(k.Key), Secret: k.Secret})
}

func decodeKey(body []byte) (auth.KeyDraft, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return auth.KeyDraft{}, err
	}
	d := auth.KeyDraft{
		UserID: form.NotNull(o, auth.FieldUserID, form.ID(auth.MaxID)),
		Name:   form.Required(o, auth.FieldName, form.Text),
		Life:   form.Optional(o, auth.FieldExpiresIn, readLife),
	}
	for _, scope := range form.Required(o, auth.FieldScopes, form.Texts(2*len(auth.AllScopes()))) {
		d.Scopes = append(d.Scopes, auth.Scope(scope))
	}
	o.RefuseRest(ours())
	d.FieldErrors = o.Errors
	return d, nil
}

// decodeRotation reads for how long the old key lives on.
func decodeRotation(body []byte) (time.Duration, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return 0, err
	}
	given, overlap := o.Has(auth.FieldOverlap), form.NotNull(o, auth.FieldOverlap, readSeconds)
	if !given {
		overlap = auth.DefaultOverlap
	}
	o.RefuseRest(nil)
	return overlap, o.Errors.Err()
}

// readSeconds reads a time in seconds; one beyond those that there are is as long as can
// be, which every rule refuses.
func readSeconds(o *form.Object, name string, raw jsontext.Value) time.Duration {
	n := form.Integer(o, name, raw)
	if n < 0 || n > int64(math.MaxInt64/time.Second) {
		return -1
	}
	return time.Duration(n) * time.Second
}

// readLife reads how long a key lives. 0 would stand for one that does not expire, so it is
// refused when it is given.
func readLife(o *form.Object, name string, raw jsontext.Value) time.Duration {
	life := readSeconds(o, name, raw)
	if life == 0 {
		o.Errors.Add(name, "must be at least 1 second; leave it out for a key that does not expire")
	}
	return life
}

func wireKey(k auth.Key) wire.Key {
	w := wire.Key{
		ID: k.ID, UserID: k.UserID, Name: k.Name, Prefix: k.Prefix, Scopes: make([]string, len(k.Scopes)),
		CreatedAt: k.CreatedAt, ExpiresAt: wire.OrNil(k.ExpiresAt), RevokedAt: wire.OrNil(k.RevokedAt), LastUsedAt: wire.OrNil(k.LastUsedAt),
	}
	for i, s := range k.Scopes {
		w.Scopes[i] = string(s)
	}
	return w
}
