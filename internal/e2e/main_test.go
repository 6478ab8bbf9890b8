package e2e_test

import (
	"testing"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }
