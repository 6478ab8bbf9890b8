package accounts

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
)

const (
	usersTag = "users"
	keysTag  = "keys"
)

// The types of requests exist for the description only.

type newUser struct {
	Name  string `json:"name"            minLength:"1" example:"Shop of Jo"`
	Email string `json:"email,omitempty" nullable:"true" example:"jo@example.com"`
}

type userPatch struct {
	Name  string `json:"name,omitempty"  minLength:"1" example:"Shop of Jo and Kim"`
	Email string `json:"email,omitempty" nullable:"true" example:"jo@example.com"`
}

type newKey struct {
	UserID    int64    `json:"user_id,omitempty"    minimum:"1" doc:"Whose key it is; the caller's user by default" example:"1"`
	Name      string   `json:"name"                 minLength:"1" example:"shop back end"`
	Scopes    []string `json:"scopes"               minItems:"1" nullable:"false" doc:"operator reads and retries across users; admin does everything, and keeps users and keys" example:"products:read,products:write"`
	ExpiresIn int64    `json:"expires_in,omitempty" nullable:"true" minimum:"1" doc:"In seconds; a key does not expire by default" example:"7776000" typical:"false"`
}

type rotation struct {
	Overlap int64 `json:"overlap,omitempty" minimum:"0" doc:"For how many seconds the old key lives on"`
}

// The limits of the rules.

func limitedUser[T any](d *openapi.Document) *huma.Schema {
	name, email := auth.MaxNameRunes, auth.MaxEmailBytes
	openapi.Property[T](d, auth.FieldName).MaxLength = &name
	openapi.Property[T](d, auth.FieldEmail).MaxLength = &email
	return openapi.Schema[T](d)
}

func limitedKey(d *openapi.Document) *huma.Schema {
	name, life, scopes := auth.MaxNameRunes, auth.MaxLife.Seconds(), openapi.Property[newKey](d, auth.FieldScopes)
	openapi.Property[newKey](d, auth.FieldName).MaxLength = &name
	openapi.Property[newKey](d, auth.FieldExpiresIn).Maximum = &life
	id := float64(auth.MaxID)
	openapi.Property[newKey](d, auth.FieldUserID).Maximum = &id
	for _, scope := range auth.AllScopes() {
		scopes.Items.Enum = append(scopes.Items.Enum, string(scope))
	}
	return openapi.Schema[newKey](d)
}

func limitedRotation(d *openapi.Document) *huma.Schema {
	overlap, most := openapi.Property[rotation](d, auth.FieldOverlap), auth.MaxOverlap.Seconds()
	overlap.Maximum, overlap.Default = &most, int64(auth.DefaultOverlap.Seconds())
	return openapi.Schema[rotation](d)
}

// described returns an operation with the answers that all of these have.
func described(d *openapi.Document, id, tag, summary, text string, good map[string]*huma.Response, problems ...int) *huma.Operation {
	return &huma.Operation{
		OperationID: id, Tags: []string{tag}, Summary: summary, Description: text,
		Responses: d.Responses(good, append(problems, http.StatusServiceUnavailable)...),
	}
}

func withID(op *huma.Operation) *huma.Operation {
	op.Parameters = append(op.Parameters, openapi.PathInteger("id", auth.MaxID, 1))
	return op
}

// DescribeCreateUser describes CreateUser.
func DescribeCreateUser(d *openapi.Document) *huma.Operation {
	op := described(d, "createUser", usersTag, "Add a user", "The user has no key and no product yet.", map[string]*huma.Response{
		"201": openapi.Response("The user", openapi.Schema[wire.User](d), openapi.Header("Location", "The path of the user", "/users/1")),
	}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	op.RequestBody = openapi.Body(limitedUser[newUser](d), httpkit.TypeJSON)
	return op
}

// DescribeGetUser describes GetUser.
func DescribeGetUser(d *openapi.Document) *huma.Operation {
	return withID(described(d, "getUser", usersTag, "Read a user", "Its products are in the list of products, its keys in that of keys.",
		map[string]*huma.Response{"200": openapi.Response("The user", openapi.Schema[wire.User](d))}, http.StatusNotFound))
}

// DescribeListUsers describes ListUsers.
func DescribeListUsers(d *openapi.Document) *huma.Operation {
	return described(d, "listUsers", usersTag, "List users by id", "From the lowest id on, a page at a time.",
		map[string]*huma.Response{"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.User]](d), openapi.Link("/users"))})
}

// DescribeChangeUser describes ChangeUser.
func DescribeChangeUser(d *openapi.Document) *huma.Operation {
	op := withID(described(d, "changeUser", usersTag, "Change a user", "A merge patch (RFC 7396): what is absent stays, null removes the e-mail address.",
		map[string]*huma.Response{"200": openapi.Response("The user as it is now", openapi.Schema[wire.User](d))},
		http.StatusNotFound, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType))
	op.RequestBody = openapi.WithExample(openapi.Body(limitedUser[userPatch](d), httpkit.TypeMergePatch, httpkit.TypeJSON),
		map[string]any{auth.FieldName: "Shop of Jo and Kim", auth.FieldEmail: nil})
	return op
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
			"202": openapi.Response("A job goes on with it", openapi.Schema[wire.Erasure](d), openapi.Header("Location", "The path of the job", "/users/1/erasure")),
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

// DescribeCreateKey describes CreateKey.
func DescribeCreateKey(d *openapi.Document) *huma.Operation {
	op := described(d, "createKey", keysTag, "Make an API key", "The answer alone has the key itself: only its SHA-256 is stored. 409 while authentication is off.",
		createdKey(d), http.StatusConflict, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	op.RequestBody = openapi.WithExample(openapi.Body(limitedKey(d), httpkit.TypeJSON),
		map[string]any{auth.FieldName: "shop back end", auth.FieldScopes: []string{string(auth.ProductsRead), string(auth.ProductsWrite)}})
	return op
}

// DescribeRotateKey describes RotateKey.
func DescribeRotateKey(d *openapi.Document) *huma.Operation {
	op := withID(described(d, "rotateKey", keysTag, "Replace an API key", "Makes a key with the same user, name and scopes, that lives as long as the old one was to. Both are valid during the overlap.",
		createdKey(d), http.StatusNotFound, http.StatusConflict, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType))
	op.RequestBody = openapi.WithExample(openapi.Body(limitedRotation(d), httpkit.TypeJSON), map[string]any{auth.FieldOverlap: 3600}) // an hour
	return op
}

func createdKey(d *openapi.Document) map[string]*huma.Response {
	return map[string]*huma.Response{
		"201": openapi.Response("The key", openapi.Schema[wire.CreatedKey](d), openapi.Header("Location", "The path of the key", "/keys/17")),
	}
}

// DescribeGetKey describes GetKey.
func DescribeGetKey(d *openapi.Document) *huma.Operation {
	return withID(described(d, "getKey", keysTag, "Read what is known of an API key", "The key itself is not: only its SHA-256 is stored.",
		map[string]*huma.Response{"200": openapi.Response("The key without its text", openapi.Schema[wire.Key](d))},
		http.StatusNotFound, http.StatusConflict))
}

// DescribeListKeys describes ListKeys.
func DescribeListKeys(d *openapi.Document) *huma.Operation {
	return described(d, "listKeys", keysTag, "List API keys by id", "Those that are revoked or expired are among them.",
		map[string]*huma.Response{"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.Key]](d), openapi.Link("/keys"))}, http.StatusConflict)
}

// DescribeRevokeKey describes RevokeKey.
func DescribeRevokeKey(d *openapi.Document) *huma.Operation {
	return withID(described(d, "revokeKey", keysTag, "Revoke an API key", "Every server refuses it within two seconds, or within thirty where it cannot read the database's log. To revoke it again changes nothing.",
		map[string]*huma.Response{"200": openapi.Response("The key as it ended", openapi.Schema[wire.Key](d))},
		http.StatusNotFound, http.StatusConflict))
}

// DescribeListAudit describes ListAudit.
func DescribeListAudit(d *openapi.Document) *huma.Operation {
	return described(d, "listAudit", usersTag, "List what was done to users and keys, and by operators, newest first", "Entries are kept for 400 days.",
		map[string]*huma.Response{"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.AuditEntry]](d), openapi.Link("/audit"))})
}

// PageQuery are the parameters of ListUsers and ListAudit.
func PageQuery() []*huma.Param {
	return []*huma.Param{openapi.Limit("Most entries on one page", paging.Default, paging.Most), openapi.NextCursor()}
}

// KeysQuery are the parameters of ListKeys.
func KeysQuery() []*huma.Param {
	return append([]*huma.Param{openapi.Query(auth.FieldUserID, "Only keys of this user", openapi.Integer(auth.MaxID, 1))}, PageQuery()...)
}
