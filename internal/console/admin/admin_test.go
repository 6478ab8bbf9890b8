package admin

import (
	"strings"
	"testing"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"user_id": " 7 ", "mode": "create", "error_policy": "all", "image_rate": "20", "dry_run": "true"}
	want := imports.Order{Settings: imports.Settings{UserID: 7, DryRun: true, Policy: bulk.All, Mode: catalog.CreateOnly}, Format: rows.CSV, ImageRate: 20}
	if got, err := orderOf(fields, `C:\Spring.CSV`); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for name, format := range map[string]rows.Format{"a.ndjson": rows.NDJSON, "a.jsonl": rows.NDJSON, "a.b.json": rows.NDJSON} {
		if got, err := orderOf(map[string]string{"user_id": "1"}, name); err != nil || got.Format != format || got.DryRun {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, fields := range map[string]map[string]string{"a.xlsx": {}, "csv": {}, "": {}, "a.csv": {"user_id": "-1"}, "b.csv": {"image_rate": "many"}} {
		if _, err := orderOf(fields, name); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "must") {
			t.Errorf("%q of %s: %v", fields, name, err)
		}
	}
}
