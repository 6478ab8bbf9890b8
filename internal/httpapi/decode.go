package httpapi

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

const typeMergePatch = "application/merge-patch+json"

// decodeDraft reads the body of a create. Faults of form are in the draft, for
// the rules to add theirs.
func decodeDraft(body []byte) (catalog.Draft, error) {
	o, err := readObject(body)
	if err != nil {
		return catalog.Draft{}, err
	}
	d := catalog.Draft{
		UserID:      required(o, catalog.FieldUserID, readInteger),
		Name:        required(o, catalog.FieldName, readText),
		Description: optional(o, catalog.FieldDescription, readText),
		Images:      optional(o, catalog.FieldImages, readTexts),
		Price:       required(o, catalog.FieldPrice, readPrice),
	}
	const ours = "is set by the server"
	o.refuseRest(map[string]string{"id": ours, "images": ours, "compressed_product_images": ours})
	d.FieldErrors = o.errors
	return d, nil
}

// decodePatch reads a merge patch (RFC 7396).
func decodePatch(body []byte) (catalog.Patch, error) {
	o, err := readObject(body)
	if err != nil {
		return catalog.Patch{}, err
	}
	p := catalog.Patch{
		Name:        changedNotRemoved(o, catalog.FieldName, readText),
		Description: changed(o, catalog.FieldDescription, readText),
		Images:      changed(o, catalog.FieldImages, readTexts),
		Price:       changedNotRemoved(o, catalog.FieldPrice, readPrice),
	}
	const never, ours = "cannot be changed", "is set by the server"
	o.refuseRest(map[string]string{
		"id": never, catalog.FieldUserID: never, "images": ours, "compressed_product_images": ours,
	})
	p.FieldErrors = o.errors
	return p, nil
}

// decodeBody reads a body and decodes it.
func decodeBody[T any](
	a *api, r *http.Request, decode func([]byte) (T, error), accept string, types ...string,
) (decoded T, err error) {
	body, err := readBody(r, accept, types...)
	if err != nil {
		return decoded, err
	}
	if len(body) > freeBytes {
		held, err := take(r.Context(), a.memory.decoding, decodeFactor*int64(len(body)))
		if err != nil {
			return decoded, err
		}
		defer held.free()
	}
	return decode(body)
}

// readBody returns the whole body, where it is of one of the types. accept is
// the header that names them to a client who sent another one.
func readBody(r *http.Request, accept string, types ...string) ([]byte, error) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	utf8 := params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8")
	if err != nil || !slices.Contains(types, mediaType) || !utf8 {
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type must be %s, in UTF-8",
			strings.Join(types, " or ")).with(accept, strings.Join(types, ", "))
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must not be compressed").
			with("Accept-Encoding", "identity")
	}
	if r.ContentLength > maxBodyBytes { // before a client that waits for 100 Continue sends it
		return nil, bodyRefusal(&http.MaxBytesError{Limit: maxBodyBytes})
	}
	body, err := readAll(r)
	if err != nil {
		return nil, bodyRefusal(err)
	}
	return body, nil
}

// pathID reads the {id} of the path. An id has one spelling only: no sign and
// no leading zeros.
func pathID(r *http.Request) (int64, error) {
	id, ok := parseID(r.PathValue("id"))
	if !ok {
		return 0, fault.InvalidField("id", integerReason(catalog.MaxID))
	}
	return id, nil
}

func parseID(s string) (int64, bool) { return parseUpTo(s, catalog.MaxID) }

// parseUpTo reads a decimal integer from 1 to most.
func parseUpTo(s string, most int64) (int64, bool) {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= most
}

func integerReason(most int64) string {
	return "must be an integer from 1 to " + strconv.FormatInt(most, 10)
}
