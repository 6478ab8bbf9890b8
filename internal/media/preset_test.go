package media_test

import (
	"strings"
	"testing"

	"vitrine.dev/internal/media"
)

func TestPresetValidate(t *testing.T) {
	t.Parallel()
	for _, avif := range []bool{false, true} {
		if err := media.DefaultPreset(avif).Validate(); err != nil {
			t.Error(err)
		}
	}
	err := media.Preset{
		Box: 20_000, Widths: append(make([]int, media.MaxWidths), 5, 4), Quality: 101, AVIFQuality: -1,
	}.Validate()
	for _, word := range []string{"20000", "18", "a width", "ascend", "101", "AVIF"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not mention %s", err, word)
		}
	}
}

func TestRenditionKeyDependsOnContentRecipeAndPreset(t *testing.T) {
	t.Parallel()
	source, recipe, preset := []byte("a"), "3; libvips 8.14.1", media.DefaultPreset(false)
	key := media.RenditionKey(source, recipe, preset)
	// What is stored keeps its key: of the source's hash and "3; libvips 8.14.1;
	// fit 2048; widths [320 800 1600]; quality 80".
	if key != "a47c98b64090b3a0c014756c3267780b" {
		t.Errorf("the key has become %s", key)
	}
	if avif := media.RenditionKey(source, recipe, media.DefaultPreset(true)); avif != "d9a55fc3ccc886be919031ba5f915816" {
		t.Errorf("the key with AVIF has become %s", avif)
	}
	if key == media.RenditionKey([]byte("b"), recipe, preset) || key == media.RenditionKey(source, "4; libvips 8.14.1", preset) {
		t.Error("different content or recipe has the same key")
	}
	for name, change := range map[string]func(*media.Preset){
		"box":     func(p *media.Preset) { p.Box = 1024 },
		"widths":  func(p *media.Preset) { p.Widths = []int{320, 800} },
		"quality": func(p *media.Preset) { p.Quality = 70 },
		"AVIF":    func(p *media.Preset) { p.AVIFQuality = 50 },
	} {
		p := preset
		change(&p)
		if key == media.RenditionKey(source, recipe, p) {
			t.Errorf("the key does not depend on %s", name)
		}
	}
}
