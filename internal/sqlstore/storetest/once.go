package storetest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func lamp() catalog.NewProduct {
	return catalog.NewProduct{
		UserID: user, Name: "Lamp", Description: "Bright", Price: 950, RequestID: "req-1",
		Images: []string{"http://a/1.jpg", "http://a/2.jpg"},
	}
}

func key(name string) catalog.Once {
	return catalog.Once{Key: name, Fingerprint: [32]byte{1, 2, 3, 31: 9}, TTL: time.Hour}
}

// createOnce creates a lamp under the key, which must be free.
func createOnce(t *testing.T, s catalog.Store, once catalog.Once) catalog.Product {
	t.Helper()
	p, earlier, err := s.CreateProductOnce(t.Context(), lamp(), once)
	if err != nil || earlier != nil {
		t.Fatalf("create under %q: earlier %v, error %v", once.Key, earlier, err)
	}
	return p
}

func testOnce(t *testing.T, s Store) {
	t.Helper()
	first := createOnce(t, s, key(strings.Repeat("~", catalog.MaxKeyBytes)))
	got := read(t, s, first.ID)
	if got.Name != "Lamp" || got.Description != "Bright" || got.Price != 950 || got.Version != 1 || len(got.Images) != 2 {
		t.Errorf("product %+v is not what was sent", got)
	}
	if len(jobs(t, s)) != 2 {
		t.Error("the images have no jobs")
	}
	wantChanged(t, s, first.Edited())

	again := key(strings.Repeat("~", catalog.MaxKeyBytes))
	again.Fingerprint[5] = 77
	wantEarlier := func(when string) {
		t.Helper()
		p, earlier, err := s.CreateProductOnce(t.Context(), lamp(), again)
		if err != nil || earlier == nil || p.ID != 0 {
			t.Fatalf("%s: product %d, earlier %v, error %v", when, p.ID, earlier, err)
		}
		if want := (catalog.Earlier{ProductID: first.ID, Fingerprint: key("").Fingerprint}); *earlier != want {
			t.Errorf("%s: earlier %+v, want %+v", when, *earlier, want)
		}
	}
	wantEarlier("again")
	if _, err := s.DeleteProduct(t.Context(), first.ID, Unchecked); err != nil {
		t.Fatal(err)
	}
	wantEarlier("after the product was deleted")
	if n := len(listed(t, s, catalog.Filter{Limit: 10})); n != 0 || len(jobs(t, s)) != 0 {
		t.Errorf("%d products, and jobs, came of a key that was taken", n)
	}
}

func testOnceScope(t *testing.T, s catalog.Store) {
	t.Helper()
	a, b, plain := createOnce(t, s, key("k")), createOnce(t, s, key("K")), create(t, s)
	if a.ID == b.ID || b.ID == plain.ID || a.ID == plain.ID {
		t.Errorf("ids %d, %d, %d are not three products", a.ID, b.ID, plain.ID)
	}
	stranger := lamp()
	stranger.UserID = 999
	for range 2 { // the refusal takes no key
		if _, earlier, err := s.CreateProductOnce(t.Context(), stranger, key("k")); !errors.Is(err, catalog.ErrUnknownUser) {
			t.Errorf("key of an unknown user: earlier %v, error %v", earlier, err)
		}
	}
}

// testOnceAtOnce has many clients send the same create at the same moment, as
// a retry that overtakes its request does.
func testOnceAtOnce(t *testing.T, s Store) {
	t.Helper()
	const clients, keys = 50, 4
	for k := range keys {
		var mu sync.Mutex
		created, ids := 0, map[int64]int{}
		var group sync.WaitGroup
		start := make(chan struct{})
		for range clients {
			group.Go(func() {
				<-start
				p, earlier, err := s.CreateProductOnce(t.Context(), lamp(), key(strconv.Itoa(k)))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Errorf("key %d: %v", k, err)
				case earlier != nil:
					ids[earlier.ProductID]++
				default:
					created++
					ids[p.ID]++
				}
			})
		}
		close(start)
		group.Wait()
		if created != 1 || len(ids) != 1 {
			t.Errorf("key %d: %d products, answers %v; want one product for all", k, created, ids)
		}
	}
	if n := len(listed(t, s, catalog.Filter{Limit: 100})); n != keys {
		t.Errorf("%d products, want %d", n, keys)
	}
	if n := len(jobs(t, s)); n != 2*keys {
		t.Errorf("%d jobs, want %d", n, 2*keys)
	}
}

// testOnceCancelled ends keyed creates at every moment and sends each again:
// whether the first was committed or not, there is one product for each key.
func testOnceCancelled(t *testing.T, s Store) {
	t.Helper()
	createOnce(t, s, key("warm"))
	started := time.Now()
	createOnce(t, s, key("timed"))
	took := time.Since(started)
	const keys = 40
	for i := range keys {
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/30)
		_, _, err := s.CreateProductOnce(ctx, lamp(), key(strconv.Itoa(i)))
		cancel()
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("cut off: %v of kind %s", err, fault.KindOf(err))
		}
		p, earlier, err := s.CreateProductOnce(t.Context(), lamp(), key(strconv.Itoa(i)))
		if err != nil {
			t.Fatalf("sent again: %v", err)
		}
		if earlier != nil {
			p.ID = earlier.ProductID
		}
		read(t, s, p.ID)
	}
	if n := len(listed(t, s, catalog.Filter{Limit: 100})); n != keys+2 {
		t.Errorf("%d products for %d keys", n, keys+2)
	}
}

func testOnceExpired(t *testing.T, s Store) {
	t.Helper()
	short := key("k")
	short.TTL = time.Millisecond
	first := createOnce(t, s, short)
	var second catalog.Product
	until(t, "the key is free again", func() bool {
		p, earlier, err := s.CreateProductOnce(t.Context(), lamp(), key("k"))
		if err != nil {
			t.Fatal(err)
		}
		second = p
		return earlier == nil
	})
	if second.ID == first.ID {
		t.Error("the same product was created twice")
	}
	_, earlier, err := s.CreateProductOnce(t.Context(), lamp(), key("k"))
	if err != nil || earlier == nil || earlier.ProductID != second.ID {
		t.Errorf("the key stands for %v, %v; want product %d", earlier, err, second.ID)
	}
}

func testExpireKeys(t *testing.T, s Store) {
	t.Helper()
	for i := range 5 {
		short := key("short" + strconv.Itoa(i))
		short.TTL = time.Millisecond
		createOnce(t, s, short)
	}
	lives := createOnce(t, s, key("lives"))
	var removed []int
	until(t, "all are gone that are over", func() bool {
		n, err := s.ExpireKeys(t.Context(), 2)
		if err != nil || n > 2 {
			t.Fatalf("%d keys in a batch of 2, %v", n, err)
		}
		total := 0
		for _, n := range append(removed, n) {
			total += n
		}
		removed = append(removed, n)
		return total == 5
	})
	if n, err := s.ExpireKeys(t.Context(), 100); n != 0 || err != nil {
		t.Errorf("%d more keys were removed, %v", n, err)
	}
	if _, earlier, err := s.CreateProductOnce(t.Context(), lamp(), key("lives")); err != nil || earlier == nil || earlier.ProductID != lives.ID {
		t.Errorf("a key that lives was removed: %v, %v", earlier, err)
	}
	if n := len(listed(t, s, catalog.Filter{Limit: 100})); n != 6 {
		t.Errorf("%d products are left of 6", n)
	}
}
