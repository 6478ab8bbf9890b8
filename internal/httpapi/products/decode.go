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
	const ours = "is set by the server"
	o.RefuseRest(map[string]string{"id": ours, "images": ours, "compressed_product_images": ours})
	d.FieldErrors = o.Errors
	return d, nil
}

// decodePatch reads a merge patch (RFC 7396).
func decodePatch(body []byte) (catalog.Patch, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return catalog.Patch{}, err
	}
	const always = "every product has one"
	p := catalog.Patch{
		Name:        form.ChangedNotRemoved(o, catalog.FieldName, always, form.Text),
		Description: form.Changed(o, catalog.FieldDescription, form.Text),
		Images:      form.Changed(o, catalog.FieldImages, form.Texts(catalog.MaxImages)),
		Price:       form.ChangedNotRemoved(o, catalog.FieldPrice, always, readPrice),
		ExternalID:  form.Changed(o, catalog.FieldExternalID, readExternalID),
		Metadata:    form.Changed(o, catalog.FieldMetadata, readMetadataPatch),
	}
	const never, ours = "cannot be changed", "is set by the server"
	o.RefuseRest(map[string]string{
		"id": never, catalog.FieldUserID: never, "images": ours, "compressed_product_images": ours,
	})
	p.FieldErrors = o.Errors
	return p, nil
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
