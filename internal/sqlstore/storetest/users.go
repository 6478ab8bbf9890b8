package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func testUsers(t *testing.T, s Store) {
	t.Helper()
	before := allUsers(t, s)
	if len(before) == 0 || before[0].ID != user {
		t.Fatalf("users = %+v", before)
	}
	var added []catalog.User
	for _, name := range []string{"Shöp of Łódź", "Twin", "Twin"} {
		u, err := catalog.AddUser(t.Context(), s, name)
		if err != nil || u.Name != name || time.Since(u.CreatedAt).Abs() > time.Hour {
			t.Fatalf("AddUser(%q) = %+v, %v", name, u, err)
		}
		added = append(added, u)
	}
	if got, want := allUsers(t, s), slices.Concat(before, added); !slices.Equal(got, sortedUsers(want)) {
		t.Errorf("users = %+v, want %+v", got, want)
	}
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: added[0].ID, Name: "Lamp"})
	if err != nil || p.UserID != added[0].ID {
		t.Errorf("a product of the new user: %+v, %v", p, err)
	}
}

// allUsers reads them in pages of two.
func allUsers(t *testing.T, s Store) (all []catalog.User) {
	t.Helper()
	for after := int64(0); ; after = all[len(all)-1].ID {
		page, err := s.ListUsers(t.Context(), after, 2)
		if err != nil || len(page) > 2 {
			t.Fatalf("a page of users: %+v, %v", page, err)
		}
		if all = append(all, page...); len(page) < 2 {
			return all
		}
	}
}

func sortedUsers(users []catalog.User) []catalog.User {
	slices.SortFunc(users, func(a, b catalog.User) int { return cmp.Compare(a.ID, b.ID) })
	return users
}

func testUserRules(t *testing.T, s Store) {
	t.Helper()
	for _, name := range []string{"", " \u200b\u00ad", "a\x00b", "a\xffb", string(make([]rune, catalog.MaxNameRunes+1))} {
		_, err := catalog.AddUser(t.Context(), s, name)
		wantKind(t, err, fault.Invalid)
	}
	if users, err := s.ListUsers(t.Context(), 0, 100); err != nil || len(users) != 1+len(MoreUsers()) {
		t.Errorf("users after refusals: %+v, %v", users, err)
	}
}
