package sqlstore_test

import (
	"testing"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqlstore"
)

// BenchmarkScanEvents looks at 100,000 events in the middle of 300,000, as many as one request
// of a client does: of a user who has none there, and of one who has every tenth, as a page of 100.
func BenchmarkScanEvents(b *testing.B) {
	benchmark(b, func(b *testing.B, s *sqlstore.Store) {
		b.Helper()
		const rows = 300_000
		err := s.Exec(b.Context(), `
			INSERT INTO events (occurred_at, type, product_id, image_id, user_id, revision, version, data)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			SELECT {now}, 'image.ready', 1 + i / 7, i, 1 + i % 10, 1 + i % 7, 1, '{"attempt":1}' FROM n`, rows)
		if err != nil {
			b.Fatal(err)
		}
		for name, user := range map[string]int64{"no match": 4711, "a page": 3} {
			b.Run(name, func(b *testing.B) {
				selected := events.Selection{User: user, Types: events.Types()}
				for b.Loop() {
					if _, err := s.ScanEvents(b.Context(), selected, rows/3, 2*rows/3, 100); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
