package accounts

import (
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
)

// Handler serves users, keys and the audit log. It is safe for concurrent use.
type Handler struct {
	Accounts *auth.Accounts
	// Keys says whether there may be keys. While authentication is off there are none: those
	// that anyone could make then would be valid once it is on.
	Keys    bool
	Cursors page.Cursors
}

// CreateUser adds a user.
func (h *Handler) CreateUser(w http.ResponseWriter, r *http.Request) error {
	draft, err := httpkit.DecodeBody(r, decodeUser, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	u, err := h.Accounts.AddUser(r.Context(), auth.From(r.Context()), draft)
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	w.Header().Set("Location", "/users/"+strconv.FormatInt(u.ID, 10))
	return httpkit.WriteJSON(w, http.StatusCreated, wireUser(u))
}

// GetUser answers with a user.
func (h *Handler) GetUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	u, err := h.Accounts.User(r.Context(), id)
	if err != nil {
		return fmt.Errorf("get user %d: %w", id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wireUser(u))
}

// ListUsers answers with one page, by id.
func (h *Handler) ListUsers(w http.ResponseWriter, r *http.Request) error {
	return page.Serve(h.Cursors, w, r, "users", paging.Most, h.Accounts.Users, wireUser, func(u auth.User) int64 { return u.ID })
}

// ChangeUser applies a merge patch.
func (h *Handler) ChangeUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	patch, err := httpkit.DecodeBody(r, decodeUserPatch, "Accept-Patch", httpkit.TypeMergePatch, httpkit.TypeJSON)
	if err != nil {
		return err
	}
	u, err := h.Accounts.ChangeUser(r.Context(), auth.From(r.Context()), id, patch)
	if err != nil {
		return fmt.Errorf("change user %d: %w", id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wireUser(u))
}

// DeleteUser removes a user without products, or with cascade begins to erase one with all
// that the user owns.
func (h *Handler) DeleteUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	p := httpkit.ParamsOf(r)
	cascade := p.Bool(paramCascade)
	if err := p.Errors.Err(); err != nil {
		return err
	}
	if cascade {
		return h.eraseUser(w, r, id)
	}
	if err := h.Accounts.RemoveUser(r.Context(), auth.From(r.Context()), id); err != nil {
		return fmt.Errorf("delete user %d: %w", id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// paramCascade asks for a user's products to be deleted with the user.
const paramCascade = "cascade"

func (h *Handler) eraseUser(w http.ResponseWriter, r *http.Request, id int64) error {
	j, err := h.Accounts.EraseUser(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("erase user %d: %w", id, err)
	}
	w.Header().Set("Location", "/users/"+strconv.FormatInt(id, 10)+"/erasure")
	return httpkit.WriteFresh(w, http.StatusAccepted, wireErasure(j, id))
}

// GetErasure answers with the job that erases a user, or has done so.
func (h *Handler) GetErasure(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	j, err := h.Accounts.Erasure(r.Context(), id)
	if err != nil {
		return fmt.Errorf("get erasure of user %d: %w", id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, wireErasure(j, id))
}

func wireErasure(j job.Job, user int64) wire.Erasure {
	return wire.Erasure{
		ID: j.ID, UserID: user, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt, FinishedAt: wire.OrNil(j.FinishedAt),
	}
}

func decodeUser(body []byte) (auth.UserDraft, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return auth.UserDraft{}, err
	}
	d := auth.UserDraft{
		Name:  form.Required(o, auth.FieldName, form.Text),
		Email: form.Optional(o, auth.FieldEmail, form.Text),
	}
	o.RefuseRest(ours())
	d.FieldErrors = o.Errors
	return d, nil
}

// decodeUserPatch reads a merge patch (RFC 7396).
func decodeUserPatch(body []byte) (auth.UserPatch, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return auth.UserPatch{}, err
	}
	p := auth.UserPatch{
		Name:  form.ChangedNotRemoved(o, auth.FieldName, "every user has one", form.Text),
		Email: form.Changed(o, auth.FieldEmail, form.Text),
	}
	o.RefuseRest(ours())
	p.FieldErrors = o.Errors
	return p, nil
}

// ours are the fields that a client cannot set.
func ours() map[string]string {
	const reason = "is set by the server"
	return map[string]string{"id": reason, "created_at": reason, "prefix": reason, "revoked_at": reason, "last_used_at": reason}
}

func wireUser(u auth.User) wire.User {
	return wire.User{ID: u.ID, Name: u.Name, Email: u.Email, CreatedAt: u.CreatedAt, ErasingSince: wire.OrNil(u.ErasingSince)}
}

func pathID(r *http.Request) (int64, error) { return httpkit.PathInteger(r, "id", auth.MaxID) }
