package accounts

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/job"
)

// paramCascade asks for a user's products to be deleted with the user.
const paramCascade = "cascade"

func readCascade(r *http.Request) (bool, error) {
	p := httpkit.ParamsOf(r)
	text := p.Text(paramCascade)
	if text != "" && text != "true" && text != "false" {
		p.Errors.Add(paramCascade, "must be true or false")
	}
	return text == "true", p.Errors.Err()
}

func (h *Handler) eraseUser(w http.ResponseWriter, r *http.Request, id int64) error {
	j, err := h.Accounts.EraseUser(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("erase user %d: %w", id, err)
	}
	w.Header().Set("Location", "/users/"+strconv.FormatInt(id, 10)+"/erasure")
	return write(w, http.StatusAccepted, wireErasure(j, id))
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
	return write(w, http.StatusOK, wireErasure(j, id))
}

func wireErasure(j job.Job, user int64) wire.Erasure {
	return wire.Erasure{
		ID: j.ID, UserID: user, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt, FinishedAt: wire.OrNil(j.FinishedAt),
	}
}

// DeleteUserQuery are the parameters of DeleteUser.
func DeleteUserQuery() []*huma.Param {
	return []*huma.Param{openapi.Query(paramCascade, "true: with all products of the user, in the background", &huma.Schema{Type: huma.TypeBoolean})}
}

// DescribeDeleteUser describes DeleteUser.
func DescribeDeleteUser(d *openapi.Document) *huma.Operation {
	return withID(described(d, "deleteUser", usersTag, "Delete a user with its keys",
		"A user who has products is deleted with cascade=true only: at once the keys are revoked and nothing more can be created for the user, and a job erases the products, "+
			"images, results, idempotency keys and keys, and then the user. It cannot be aborted; asked for again it is the same job.",
		map[string]*huma.Response{
			"202": openapi.Response("A job goes on with it", openapi.Schema[wire.Erasure](d), openapi.Header("Location", "The path of the job")),
			"204": openapi.Response("Deleted", nil),
		}, http.StatusNotFound, http.StatusConflict))
}

// DescribeGetErasure describes GetErasure.
func DescribeGetErasure(d *openapi.Document) *huma.Operation {
	return withID(described(d, "getErasure", usersTag, "Read how far the deletion of a user has got",
		fmt.Sprintf("Read from the database at every request; ask again until its state is done. It is there for %d days after that.",
			int(job.DefaultRunnerConfig().Retention.Hours()/24)),
		map[string]*huma.Response{"200": openapi.Response("The job", openapi.Schema[wire.Erasure](d))}, http.StatusNotFound))
}
