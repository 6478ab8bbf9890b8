package products

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
)

// decodeDraft reads the body of a create. Fields that cannot be
// read are errors in the draft, to which the rules add theirs.
func decodeDraft(body []byte) (catalog.Draft, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return catalog.Draft{}, err
	}
	d := catalog.Draft{
		UserID:      form.NotNull(o, catalog.FieldUserID, form.ID(catalog.MaxID)),
		Name:        form.Required(o, catalog.FieldName, form.Text),
		Description: form.Optional(o, catalog.FieldDescription, form.Text),
		Images:      form.Optional(o, catalog.FieldImages, form.Texts(catalog.MaxImages)),
		Price:       form.Required(o, catalog.FieldPrice, readPrice),
		ExternalID:  form.Optional(o, catalog.FieldExternalID, readExternalID),
		Metadata:    form.Optional(o, catalog.FieldMetadata, readMetadata),
	}
	o.RefuseRest(keptOfProduct(map[string]string{"id": ours}))
	d.FieldErrors = o.Errors
	return d, nil
}

// decodePatch returns what reads a merge patch (RFC 7396) of a product, which clients
// are shown as encode does.
func decodePatch(encode func(catalog.Product) ([]byte, error)) func(body []byte) (catalog.Patch, error) {
	return func(body []byte) (catalog.Patch, error) {
		o, err := form.ReadObject(body)
		if err != nil {
			return catalog.Patch{}, err
		}
		p := readPatch(o)
		p.ReadOnly = readOnly(o, keptOfProduct(map[string]string{"id": never, catalog.FieldUserID: never}), readBefore, encode)
		o.RefuseRest(nil)
		p.FieldErrors = o.Errors
		return p, nil
	}
}

// decodeSent is decodePatch for a product that is sent to the external id.
func decodeSent(externalID string, encode func(catalog.Product) ([]byte, error)) func(body []byte) (catalog.Sent, error) {
	return func(body []byte) (catalog.Sent, error) {
		o, err := form.ReadObject(body)
		if err != nil {
			return catalog.Sent{}, err
		}
		s := catalog.Sent{ExternalID: externalID, UserID: form.NotNull(o, catalog.FieldUserID, form.ID(catalog.MaxID)), Patch: readPatch(o)}
		if s.Patch.ExternalID != nil && *s.Patch.ExternalID != externalID {
			o.Errors.Add(catalog.FieldExternalID, "must be that of the path")
		}
		s.ReadOnly = readOnly(o, keptOfProduct(map[string]string{"id": ours}), readBefore, encode)
		o.RefuseRest(nil)
		s.FieldErrors = o.Errors
		return s, nil
	}
}

// Why another value of a field is refused.
const (
	never = "cannot be changed"
	ours  = "is set by the server"
)

// What only lists show of a product.
const (
	fieldCounts = "image_counts"
	fieldCover  = "cover"
)

// readPatch reads what can be changed.
func readPatch(o *form.Object) catalog.Patch {
	const always = "every product has one"
	return catalog.Patch{
		Name:        form.ChangedNotRemoved(o, catalog.FieldName, always, form.Text),
		Description: form.Changed(o, catalog.FieldDescription, form.Text),
		Images:      form.Changed(o, catalog.FieldImages, form.Texts(catalog.MaxImages)),
		Price:       form.ChangedNotRemoved(o, catalog.FieldPrice, always, readPrice),
		ExternalID:  form.Changed(o, catalog.FieldExternalID, readExternalID),
		Metadata:    form.Changed(o, catalog.FieldMetadata, readMetadataPatch),
	}
}

// keptOfProduct are the fields of a product that no request changes, by itself or in a list, with those given.
func keptOfProduct(kept map[string]string) map[string]string {
	for _, name := range []string{"images", "compressed_product_images", fieldCounts, fieldCover, "version", "revision", "created_at", "updated_at"} {
		kept[name] = ours
	}
	return kept
}

// decodeImage reads an image that is added.
func decodeImage(body []byte) (catalog.NewImage, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return catalog.NewImage{}, err
	}
	n := catalog.NewImage{
		SourceURL: form.Required(o, catalog.FieldSourceURL, form.Text),
		Alt:       form.Optional(o, catalog.FieldAlt, form.Text),
		Position:  form.Changed(o, catalog.FieldPosition, readPosition),
	}
	o.RefuseRest(map[string]string{"id": ours, "status": ours})
	n.FieldErrors = o.Errors
	return n, nil
}

// decodeImagePatch returns what reads a merge patch of an image, which clients are shown
// as encode does.
func decodeImagePatch(encode func(catalog.Image) ([]byte, error)) func(body []byte) (catalog.ImagePatch, error) {
	kept := map[string]string{
		"id": never, catalog.FieldSourceURL: "cannot be changed: delete the image and add another",
	}
	for _, name := range []string{
		"status", "attempts", "reason", "waiting", "refresh_error", "source_bytes", "width", "height", "placeholder", "compressed", "variants", "notes",
		"created_at", "updated_at", "srcset", "html",
	} {
		kept[name] = ours
	}
	return func(body []byte) (catalog.ImagePatch, error) {
		o, err := form.ReadObject(body)
		if err != nil {
			return catalog.ImagePatch{}, err
		}
		p := catalog.ImagePatch{
			Alt:      form.Changed(o, catalog.FieldAlt, form.Text),
			Position: form.ChangedNotRemoved(o, catalog.FieldPosition, "every image has one", readPosition),
			ReadOnly: readOnly(o, kept, imageReadBefore, encode),
		}
		o.RefuseRest(nil)
		p.FieldErrors = o.Errors
		return p, nil
	}
}

// readPosition reads a position; what is none becomes one that the rules refuse.
func readPosition(o *form.Object, name string, raw jsontext.Value) int {
	n := form.Integer(o, name, raw)
	if n < 0 || n > catalog.MaxImages {
		return -1
	}
	return int(n)
}

// readExternalID reads an external id. "" stands for none, so it is refused when it
// is given.
func readExternalID(o *form.Object, name string, raw jsontext.Value) string {
	id := form.Text(o, name, raw)
	if id == "" {
		o.Errors.Add(name, "must not be empty")
	}
	return id
}

func readMetadata(o *form.Object, name string, raw jsontext.Value) catalog.Metadata {
	return form.Pairs(o, name, catalog.MaxMetadataPairs, form.Text, raw)
}

func readMetadataPatch(o *form.Object, name string, raw jsontext.Value) catalog.MetadataPatch {
	return form.Pairs(o, name, catalog.MaxMetadataPatchPairs, func(o *form.Object, name string, raw jsontext.Value) *string {
		if form.KindOf(raw) == "null" {
			return nil
		}
		value := form.Text(o, name, raw)
		return &value
	}, raw)
}

// readPrice reads an exact price from a number, or a string that holds one.
func readPrice(o *form.Object, name string, raw jsontext.Value) catalog.Price {
	text := string(raw)
	switch kind := form.KindOf(raw); kind {
	case "a number":
	case "a string":
		text = form.Text(o, name, raw)
	default:
		o.Errors.Add(name, "must be a number, not "+kind)
		return 0
	}
	p, err := catalog.ParsePrice(text)
	if err != nil {
		o.Errors.Add(name, err.Error())
	}
	return p
}

func pathID(r *http.Request) (int64, error) { return httpkit.PathInteger(r, "id", catalog.MaxID) }

// changeOf returns which product a request changes, and at which versions.
func changeOf(r *http.Request) (id int64, versions []int64, err error) {
	if id, err = pathID(r); err == nil {
		versions, err = httpkit.ChangePrecondition(r)
	}
	return id, versions, err
}

// imageChangeOf is changeOf of an image.
func imageChangeOf(r *http.Request) (product, image int64, versions []int64, err error) {
	if product, image, err = ImagePath(r); err == nil {
		versions, err = httpkit.ChangePrecondition(r)
	}
	return product, image, versions, err
}

// ImagePath returns the ids in the path of an image. fault.Invalid.
func ImagePath(r *http.Request) (product, image int64, err error) {
	if product, err = pathID(r); err != nil {
		return 0, 0, err
	}
	image, err = httpkit.PathInteger(r, "image_id", catalog.MaxID)
	return product, image, err
}

func idempotencyKey(h http.Header) (string, error) {
	key, given, ok := httpkit.IdempotencyKey(h)
	if given && (!ok || !catalog.ValidKey(key)) {
		return "", httpkit.Refuse(http.StatusBadRequest,
			"%s must be given once, with 1 to %d characters of printable ASCII, bare or as a string in quotes",
			httpkit.HeaderIdempotencyKey, catalog.MaxKeyBytes)
	}
	return key, nil
}
