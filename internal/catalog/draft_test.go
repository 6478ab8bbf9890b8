package catalog

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"vitrine.dev/internal/fault"
)

func asFault(err error, target **fault.Error) bool { return errors.As(err, target) }

func TestPatchApply(t *testing.T) {
	t.Parallel()
	old := Product{
		ID: 7, UserID: 1, Name: "Lamp", Description: "Bright", Price: 100, Version: 4,
		Images: []Image{{ID: 1, SourceURL: "a"}, {ID: 2, SourceURL: "b"}, {ID: 3, SourceURL: "a"}},
	}
	kept := []PlannedImage{{ID: 1, SourceURL: "a"}, {ID: 2, SourceURL: "b"}, {ID: 3, SourceURL: "a"}}
	for name, tc := range map[string]struct {
		patch Patch
		want  Revision
	}{
		"nothing":           {Patch{}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: kept}},
		"same values":       {Patch{Name: new("Lamp"), Description: new("Bright"), Price: new(Price(100)), Images: &[]string{"a", "b", "a"}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: kept}},
		"name":              {Patch{Name: new("Torch")}, Revision{Name: "Torch", Description: "Bright", Price: 100, Images: kept, Fields: []string{FieldName}}},
		"no description":    {Patch{Description: new("")}, Revision{Name: "Lamp", Price: 100, Images: kept, Fields: []string{FieldDescription}}},
		"price":             {Patch{Price: new(Price(0))}, Revision{Name: "Lamp", Description: "Bright", Images: kept, Fields: []string{FieldPrice}}},
		"no images":         {Patch{Images: &[]string{}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: []PlannedImage{}, Fields: []string{FieldImages}}},
		"name and images":   {Patch{Name: new("Torch"), Images: &[]string{"a"}}, Revision{Name: "Torch", Description: "Bright", Price: 100, Images: []PlannedImage{{ID: 1, SourceURL: "a"}}, Fields: []string{FieldImages, FieldName}}},
		"one more":          {Patch{Images: &[]string{"a", "b", "a", "c"}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: append(slices.Clone(kept), PlannedImage{SourceURL: "c"}), Fields: []string{FieldImages}}},
		"another order":     {Patch{Images: &[]string{"b", "a", "a"}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: []PlannedImage{{ID: 2, SourceURL: "b"}, {ID: 1, SourceURL: "a"}, {ID: 3, SourceURL: "a"}}, Fields: []string{FieldImages}}},
		"one twice dropped": {Patch{Images: &[]string{"a"}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: []PlannedImage{{ID: 1, SourceURL: "a"}}, Fields: []string{FieldImages}}},
		"one thrice":        {Patch{Images: &[]string{"a", "a", "a"}}, Revision{Name: "Lamp", Description: "Bright", Price: 100, Images: []PlannedImage{{ID: 1, SourceURL: "a"}, {ID: 3, SourceURL: "a"}, {SourceURL: "a"}}, Fields: []string{FieldImages}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tc.patch.apply(old)
			want := tc.want
			if !slices.Equal(got.Images, want.Images) {
				t.Errorf("apply = %+v; want %+v", got, want)
			}
			got.Images, want.Images = nil, nil
			if got.Name != want.Name || got.Description != want.Description || got.Price != want.Price ||
				!slices.Equal(got.Fields, want.Fields) {
				t.Errorf("apply = %+v, want %+v", got, want)
			}
		})
	}
}

// TestPlanImages: whatever was there and is wanted, the plan has the wanted
// URLs in their order, uses no image twice, only under its own URL, and makes
// a new one only where none was left.
func TestPlanImages(t *testing.T) {
	t.Parallel()
	urls := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		was, wanted := urls.Draw(t, "was"), urls.Draw(t, "wanted")
		old := make([]Image, len(was))
		left := map[string]int{}
		for i, u := range was {
			old[i] = Image{ID: int64(i + 1), SourceURL: u, Alt: u + u, Status: Pending}
			if i%2 == 0 {
				old[i].Status = Failed
			}
			left[u]++
		}
		used := map[int64]bool{}
		plan, retry := planImages(old, wanted)
		if len(plan) != len(wanted) {
			t.Fatalf("the plan has %d images, want %d", len(plan), len(wanted))
		}
		for i, p := range plan {
			switch {
			case p.SourceURL != wanted[i]:
				t.Fatalf("image %d is %q, want %q", i, p.SourceURL, wanted[i])
			case p.ID == 0 && left[p.SourceURL] > 0:
				t.Fatalf("image %d is new although one was left", i)
			case p.ID != 0 && (used[p.ID] || old[p.ID-1].SourceURL != p.SourceURL || old[p.ID-1].Alt != p.Alt):
				t.Fatalf("image %d uses image %d wrongly", i, p.ID)
			case p.ID != 0 && slices.Contains(retry, p.ID) != (old[p.ID-1].Status == Failed):
				t.Fatalf("image %d, which is %s: retried are %v", p.ID, old[p.ID-1].Status, retry)
			}
			used[p.ID] = true
			left[p.SourceURL]--
		}
	})
}
