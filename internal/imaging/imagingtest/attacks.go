package imagingtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// attack is a hostile file and how it may end.
type attack struct {
	name string
	body []byte
	// fails are the reasons that it may fail with; none of them: it must be
	// rendered.
	fails []fault.Reason
	// may be rendered all the same.
	renders bool
}

// harmless are the ends of a file that may be readable or not.
func harmless() []fault.Reason {
	return []fault.Reason{fault.DecodeFailed, fault.UnsupportedType, fault.TooManyPixels, fault.TooComplex}
}

// attackTime bounds an attack, so that one which hangs is named; on an idle machine
// the longest takes a second, under the race detector on a busy one a hundred times that.
const attackTime = 5 * time.Minute

// attackLimits are low, so that a file whose size was tampered with is either
// refused or quick.
func attackLimits() Options {
	return Options{MaxPixels: 4_000_000, MaxFrames: 100, MaxAnimationPixels: 4_000_000}
}

// attacks renders every hostile file that the suite knows of: each is rendered
// like any other or fails with a reason of its own, and neither harms the next.
func (s suite) attacks(t *testing.T) {
	t.Helper()
	r := s.open(t, attackLimits())
	total := 0
	for kind, list := range map[string][]attack{
		"flipped":   s.flips(),
		"bombs":     bombs(),
		"frames":    frames(),
		"complex":   complexFiles(),
		"metadata":  metadataAttacks(),
		"polyglots": polyglots(),
		"documents": documents(),
		"stubs":     stubs(),
	} {
		total += len(list)
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, a := range list {
				if err := s.attack(t, r, a); err != nil {
					t.Errorf("%s (%d bytes): %v", a.name, len(a.body), err)
				}
			}
		})
	}
	t.Logf("%d hostile files", total)
	if total < 500 {
		t.Errorf("there are only %d hostile files", total)
	}
}

func (s suite) attack(t *testing.T, r media.Renderer, a attack) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), attackTime)
	defer cancel()
	out, err := r.Render(ctx, media.DefaultPreset(false), a.body)
	if err == nil {
		if len(a.fails) > 0 && !a.renders {
			return fmt.Errorf("was rendered, want %v", a.fails)
		}
		return checkClean(t, out)
	}
	var f *fault.Failure
	if !errors.As(err, &f) || !slices.Contains(a.fails, f.Reason) {
		return fmt.Errorf("ended with %w, want %v", err, a.fails)
	}
	checkDetail(t, f.Detail)
	return nil
}

// checkClean checks that nothing foreign is published.
func checkClean(t *testing.T, out media.Rendered) error {
	t.Helper()
	for _, e := range append(slices.Clone(out.Variants), out.Compressed) {
		checkEncoded(t, e)
		for _, text := range []string{foreign, Secret, "<script", "<?php", "PK\x03\x04", "%PDF"} {
			if bytes.Contains(e.Body, []byte(text)) {
				return fmt.Errorf("%s of %d × %d has %q", e.Format, e.Width, e.Height, text)
			}
		}
	}
	checkPlaceholder(t, out.Placeholder)
	return nil
}
