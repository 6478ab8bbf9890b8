package catalog

import (
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
)

func goodDraft() Draft {
	return Draft{UserID: 1, Name: "Lamp", Description: "Bright", Images: []string{"https://example.com/a.jpg"}, Price: 100}
}

func TestDraftRules(t *testing.T) {
	t.Parallel()
	urls := func(n int) []string { return slices.Repeat([]string{"https://example.com/a.jpg"}, n) }
	for name, tc := range map[string]struct {
		change func(*Draft)
		want   []fault.Field
	}{
		"good":                {func(*Draft) {}, nil},
		"no images":           {func(d *Draft) { d.Images = nil }, nil},
		"longest name":        {func(d *Draft) { d.Name = strings.Repeat("ß", MaxNameRunes) }, nil},
		"most images":         {func(d *Draft) { d.Images = urls(MaxImages) }, nil},
		"free":                {func(d *Draft) { d.Price = 0 }, nil},
		"upper-case scheme":   {func(d *Draft) { d.Images[0] = "HTTPS://example.com/a" }, nil},
		"user 0":              {func(d *Draft) { d.UserID = 0 }, fields(FieldUserID, "must be an integer from 1 to 9007199254740991")},
		"user too large":      {func(d *Draft) { d.UserID = MaxID + 1 }, fields(FieldUserID, "must be an integer from 1 to 9007199254740991")},
		"empty name":          {func(d *Draft) { d.Name = "" }, fields(FieldName, "must not be empty")},
		"blank name":          {func(d *Draft) { d.Name = " \t\u3000" }, fields(FieldName, "must not be empty")},
		"long name":           {func(d *Draft) { d.Name = strings.Repeat("ß", MaxNameRunes+1) }, fields(FieldName, "must have at most 200 characters, has 201")},
		"NUL in name":         {func(d *Draft) { d.Name = "a\x00b" }, fields(FieldName, "must not contain a NUL character")},
		"broken name":         {func(d *Draft) { d.Name = "a\xff" }, fields(FieldName, "must be valid UTF-8")},
		"long description":    {func(d *Draft) { d.Description = strings.Repeat("x", MaxDescriptionRunes+1) }, fields(FieldDescription, "must have at most 10000 characters, has 10001")},
		"NUL in description":  {func(d *Draft) { d.Description = "\x00" }, fields(FieldDescription, "must not contain a NUL character")},
		"too many images":     {func(d *Draft) { d.Images = urls(MaxImages + 1) }, fields(FieldImages, "must have at most 50 entries, has 51")},
		"empty URL":           {func(d *Draft) { d.Images[0] = "" }, fields("product_images[0]", "must not be empty")},
		"ftp":                 {func(d *Draft) { d.Images[0] = "ftp://example.com/a" }, fields("product_images[0]", "must be an http or https URL")},
		"javascript":          {func(d *Draft) { d.Images[0] = "javascript:alert(1)" }, fields("product_images[0]", "must be an http or https URL")},
		"relative":            {func(d *Draft) { d.Images[0] = "/a.jpg" }, fields("product_images[0]", "must be an http or https URL")},
		"no host":             {func(d *Draft) { d.Images[0] = "http:///a.jpg" }, fields("product_images[0]", "must name a host")},
		"port without a host": {func(d *Draft) { d.Images[0] = "http://:80/a.jpg" }, fields("product_images[0]", "must name a host")},
		"password":            {func(d *Draft) { d.Images[0] = "http://a:b@example.com/" }, fields("product_images[0]", "must not carry a user name or password")},
		"space in the host":   {func(d *Draft) { d.Images[0] = "http://exa mple.com/" }, fields("product_images[0]", "must be a valid URL, but has a blank in its host at character 11")},
		"blank URL":           {func(d *Draft) { d.Images[0] = " \t" }, fields("product_images[0]", "must not be empty")},
		"blanks around a URL": {func(d *Draft) { d.Images[0] = " http://example.com/\r\n" }, nil},
		"NUL in URL":          {func(d *Draft) { d.Images[0] = "http://example.com/\x00" }, fields("product_images[0]", "must not contain a NUL character")},
		"long URL":            {func(d *Draft) { d.Images[0] = "http://example.com/" + strings.Repeat("x", 2048) }, fields("product_images[0]", "must have at most 2048 bytes, has 2067")},
		"negative price":      {func(d *Draft) { d.Price = -1 }, fields(FieldPrice, "must not be negative")},
		"price too high":      {func(d *Draft) { d.Price = MaxPrice + 1 }, fields(FieldPrice, "must be at most 9999999999999.99")},
		"form wins over rule": {func(d *Draft) { d.Name, d.FieldErrors = "", fields(FieldName, "is required") }, fields(FieldName, "is required")},
		"form and rule of URLs": {func(d *Draft) {
			d.Images, d.FieldErrors = []string{"", "x:y"}, fields("product_images[0]", "must be a string")
		}, fields("product_images[0]", "must be a string", "product_images[1]", "must be an http or https URL")},
		"all at once": {
			func(d *Draft) { *d = Draft{Price: -1, Images: []string{"", "https://example.com/", "ftp://x/"}} },
			fields(FieldUserID, "must be an integer from 1 to 9007199254740991", FieldName, "must not be empty",
				"product_images[0]", "must not be empty", "product_images[2]", "must be an http or https URL", FieldPrice, "must not be negative"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := goodDraft()
			tc.change(&d)
			if got := d.check(); !slices.Equal([]fault.Field(got), tc.want) {
				t.Errorf("faults = %v\nwant     %v", got, tc.want)
			}
		})
	}
}

// fields makes faults of pairs of name and reason.
func fields(pairs ...string) (list []fault.Field) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fault.Field{Name: pairs[i], Reason: pairs[i+1]})
	}
	return list
}

func TestPatchRules(t *testing.T) {
	t.Parallel()
	empty, images, price := "", []string{"ftp://x/"}, Price(-1)
	p := Patch{Name: &empty, Description: &empty, Images: &images, Price: &price, FieldErrors: fields("id", "cannot be changed")}
	var f *fault.Error
	if !asFault(p.check(), &f) {
		t.Fatal("a bad patch passed")
	}
	want := fields("id", "cannot be changed", FieldName, "must not be empty",
		"product_images[0]", "must be an http or https URL", FieldPrice, "must not be negative")
	if f.Kind != fault.Invalid || !slices.Equal(f.Fields, want) {
		t.Errorf("faults = %v, want %v", f.Fields, want)
	}
	if err := (Patch{}).check(); err != nil {
		t.Errorf("an empty patch: %v", err)
	}
}
