package cost_test

import (
	"context"
	"fmt"
	"testing"

	"vitrine.dev/internal/catalog"
)

func phone() catalog.NewProduct {
	return catalog.NewProduct{
		UserID: 1, Name: "Smartphone", Description: "Latest model with advanced features", Price: 99999,
		Images: []string{"https://example.com/image1.jpg", "https://example.com/image2.jpg"}, RequestID: "cost",
	}
}

// TestCreate: PostgreSQL's CPU for each create with two images, as a ratio to one
// prepared statement of pgbench that inserts the same rows into tables with
// primary and foreign keys and no other index. Each has a server of its own, so
// that what vacuum does in the other's turn counts for the right one.
func TestCreate(t *testing.T) {
	d := turn(t)
	p, plain := newPostgres(t), newPostgres(t)
	store := p.Store(t, clients, quiet())
	if _, err := store.CreateProduct(t.Context(), phone()); err != nil {
		t.Fatal(err)
	}
	script := p.PlainInsert(t)
	plain.PlainTables(t)
	var creates, inserts int
	start, startPlain := p.CPU(t), plain.CPU(t)
	for range rounds {
		before, beforePlain := p.CPU(t), plain.CPU(t)
		n := repeat(t, d, func(ctx context.Context, client, n int) error {
			product := phone()
			product.Name = fmt.Sprintf("Smartphone %d, dual SIM, 128 GB, no. %d", client, n) // of which the index of trigrams has many
			_, err := store.CreateProduct(ctx, product)
			return err
		})
		m := plain.Pgbench(t, script, clients, d).Times
		t.Logf("create %.0f µs of %d, plain insert %.0f µs of %d",
			micros(p.CPU(t)-before, n), n, micros(plain.CPU(t)-beforePlain, m), m)
		creates, inserts = creates+n, inserts+m
	}
	ours, theirs := micros(p.CPU(t)-start, creates), micros(plain.CPU(t)-startPlain, inserts)
	atMost(t, ours/theirs, 2.2, "PostgreSQL CPU per create, %.0f µs, as a multiple of the plain insert, %.0f µs", ours, theirs)
}
