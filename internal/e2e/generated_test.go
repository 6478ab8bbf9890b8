package e2e_test

import (
	"context"
	"net/http"
	"path"
	"strconv"
	"testing"

	"vitrine.dev/internal/e2e/apiclient"
	"vitrine.dev/internal/systemtest"
)

// TestGeneratedClient: a client that a public generator made of the description creates,
// reads, lists, changes and deletes, with a key.
func TestGeneratedClient(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DATA_DIR": t.TempDir(), "AUTH": "on"}
	url := systemtest.Start(t, "serve", env).URL()
	secret := key(t, systemtest.Run(t, "keys create --user 1 --name generated --scope products:read,products:write", env))
	c, err := apiclient.NewClientWithResponses(url, apiclient.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+secret)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	var price apiclient.NewProduct_ProductPrice
	if err := price.FromNewProductProductPrice0(1234567.89); err != nil {
		t.Fatal(err)
	}
	created, err := c.CreateProductWithResponse(ctx, nil, apiclient.NewProduct{
		ProductName: "Teapot", ProductPrice: price, ExternalId: new("TEA-9"), Metadata: &map[string]string{"shelf": "B4"},
	})
	check(t, "create", http.StatusCreated, created, err)
	id := created.JSON201.ProductId
	if location := created.HTTPResponse.Header.Get("Location"); path.Base(location) != strconv.FormatInt(id, 10) {
		t.Errorf("created %d at %s", id, location)
	}

	read, err := c.GetProductWithResponse(ctx, id, nil)
	check(t, "read", http.StatusOK, read, err)
	if p := read.JSON200; p.ProductName != "Teapot" || p.ProductPrice != 1234567.89 || *p.ExternalId != "TEA-9" || (*p.Metadata)["shelf"] != "B4" {
		t.Errorf("read %+v", p)
	}
	unchanged, err := c.GetProductWithResponse(ctx, id, &apiclient.GetProductParams{IfNoneMatch: new(read.HTTPResponse.Header.Get("ETag"))})
	check(t, "read again", http.StatusNotModified, unchanged, err)

	listed, err := c.ListProductsWithResponse(ctx, &apiclient.ListProductsParams{ProductName: new("eapo")})
	check(t, "list", http.StatusOK, listed, err)
	if list := *listed.JSON200; len(list) != 1 || list[0].Id != id {
		t.Errorf("listed %+v", list)
	}

	etag := read.HTTPResponse.Header.Get("ETag")
	changed, err := c.ChangeProductWithApplicationMergePatchPlusJSONBodyWithResponse(ctx, id, &apiclient.ChangeProductParams{IfMatch: &etag},
		apiclient.ProductPatch{ProductName: new("Samovar")})
	check(t, "change", http.StatusOK, changed, err)
	if changed.JSON200.ProductName != "Samovar" || *changed.JSON200.Version <= *read.JSON200.Version {
		t.Errorf("changed to %+v", changed.JSON200)
	}
	stale, err := c.DeleteProductWithResponse(ctx, id, &apiclient.DeleteProductParams{IfMatch: &etag})
	check(t, "delete what was changed", http.StatusPreconditionFailed, stale, err)
	if p := stale.ApplicationproblemJSON412; p.Status != http.StatusPreconditionFailed || p.Code == "" {
		t.Errorf("the problem is %+v", p)
	}
	deleted, err := c.DeleteProductWithResponse(ctx, id, nil)
	check(t, "delete", http.StatusNoContent, deleted, err)
	gone, err := c.GetProductWithResponse(ctx, id, nil)
	check(t, "read what was deleted", http.StatusNotFound, gone, err)
}

type answer interface {
	StatusCode() int
	GetBody() []byte
}

// check asserts the status of an answer.
func check(t *testing.T, what string, status int, a answer, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got := a.StatusCode(); got != status {
		t.Fatalf("%s: %d, want %d: %s", what, got, status, a.GetBody())
	}
}
