package catalogfake_test

import (
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestStore: the stand-in keeps products as the real stores do.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.RunProducts(t, func(*testing.T) catalog.Store { return catalogfake.NewStore() })
}
