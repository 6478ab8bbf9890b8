package sqlstore_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testserver"
)

// benchmark runs on both databases, alone and with 16 clients, as many as the
// pool has connections.
func benchmark(b *testing.B, run func(b *testing.B, s *sqlstore.Store)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { run(b, openSQLite(b, filepath.Join(b.TempDir(), "vitrine.db"))) })
	b.Run("postgres", func(b *testing.B) { run(b, openPostgres(b, testserver.Postgres(b))) })
}

func phone() catalog.NewProduct {
	return catalog.NewProduct{
		UserID: 1, Name: "Smartphone", Description: "Latest model with advanced features", Price: 99999,
		Images: []string{"https://example.com/image1.jpg", "https://example.com/image2.jpg"}, RequestID: "bench",
	}
}

func BenchmarkCreateProduct(b *testing.B) {
	benchmark(b, func(b *testing.B, s *sqlstore.Store) {
		b.Helper()
		for _, clients := range []int{1, 16} {
			b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
				b.SetParallelism(max(1, clients/2)) // goroutines per core; 2 cores
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := s.CreateProduct(b.Context(), phone()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	})
}

// BenchmarkCreateProductOnce is BenchmarkCreateProduct with a key for each.
func BenchmarkCreateProductOnce(b *testing.B) {
	benchmark(b, func(b *testing.B, s *sqlstore.Store) {
		b.Helper()
		for _, clients := range []int{1, 16} {
			b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
				b.SetParallelism(max(1, clients/2))
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						once := catalog.Once{Key: rand.Text(), TTL: time.Hour}
						if _, earlier, err := s.CreateProductOnce(b.Context(), phone(), once); err != nil || earlier != nil {
							b.Error(earlier, err)
							return
						}
					}
				})
			})
		}
	})
}

func BenchmarkProduct(b *testing.B) {
	benchmark(b, func(b *testing.B, s *sqlstore.Store) {
		b.Helper()
		p, err := s.CreateProduct(b.Context(), phone())
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.Product(b.Context(), p.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkListProducts(b *testing.B) {
	benchmark(b, func(b *testing.B, s *sqlstore.Store) {
		b.Helper()
		for range 200 {
			if _, err := s.CreateProduct(b.Context(), phone()); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			if _, _, err := s.ListProducts(b.Context(), catalog.Filter{UserID: 1, Limit: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
