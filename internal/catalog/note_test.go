package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
)

func TestNotesHaveDetails(t *testing.T) {
	t.Parallel()
	seen := []string{catalog.Note("unknown").Detail()}
	for _, n := range catalog.Notes() {
		if d := n.Detail(); slices.Contains(seen, d) || !strings.HasSuffix(d, ".") {
			t.Errorf("%s: %q", n, d)
		}
		seen = append(seen, n.Detail())
	}
}
