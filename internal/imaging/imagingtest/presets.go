package imagingtest

import (
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// presets renders one source by several presets in one renderer.
func (s suite) presets(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	photo := Photo(900, 600, 13)
	standard := s.render(t, r, photo)
	small := s.renderBy(t, r, media.Preset{Box: 100, Widths: []int{50, 200, 450}, Quality: 40}, photo)
	if len(small.Variants) != 3 || small.Variants[0].Width != 50 || small.Variants[2].Width != 450 {
		t.Errorf("%d variants: %+v", len(small.Variants), small.Variants)
	}
	if p := (media.Preset{Box: 2048, Quality: 40}); len(s.renderBy(t, r, p, photo).Compressed.Body) >= len(standard.Compressed.Body) {
		t.Error("quality 40 is no lighter than 80")
	}
	_, err := r.Render(t.Context(), media.Preset{}, photo)
	if f, ok := fault.FailureOf(err); !ok || f.Reason != fault.DecoderCrashed {
		t.Errorf("by an invalid preset: %v", err)
	}
}
