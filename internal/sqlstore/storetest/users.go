package storetest

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// MoreUsers are the ids of two more that open creates.
func MoreUsers() []int64 { return []int64{1002, 1003} }

func testUsers(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	before := allUsers(t, accounts)
	if len(before) == 0 || before[0].ID != user {
		t.Fatalf("users = %+v", before)
	}
	var added []auth.User
	for _, d := range []auth.UserDraft{{Name: "Shöp of Łódź", Email: "jo+x@example.com"}, {Name: "Twin"}, {Name: "Twin"}} {
		u, err := accounts.AddUser(t.Context(), auth.Everyone(), d)
		if err != nil || u.Name != d.Name || u.Email != d.Email || time.Since(u.CreatedAt).Abs() > time.Hour {
			t.Fatalf("AddUser(%+v) = %+v, %v", d, u, err)
		}
		added = append(added, u)
	}
	if got, want := allUsers(t, accounts), slices.Concat(before, added); !slices.Equal(got, sortedUsers(want)) {
		t.Errorf("users = %+v, want %+v", got, want)
	}
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: added[0].ID, Name: "Lamp"})
	if err != nil || p.UserID != added[0].ID {
		t.Errorf("a product of the new user: %+v, %v", p, err)
	}
	name, none := "Lamps", ""
	changed, err := accounts.ChangeUser(t.Context(), auth.Everyone(), added[0].ID, auth.UserPatch{Name: &name, Email: &none})
	want := added[0]
	want.Name, want.Email = name, none
	if read, readErr := accounts.User(t.Context(), want.ID); err != nil || readErr != nil || changed != want || read != want {
		t.Errorf("changed to %+v, %v, read as %+v, %v", changed, err, read, readErr)
	}
	wantKind(t, accounts.RemoveUser(t.Context(), auth.Everyone(), added[0].ID), fault.Conflict) // it has a product
	if err := accounts.RemoveUser(t.Context(), auth.Everyone(), added[1].ID); err != nil {
		t.Error(err)
	}
	wantKind(t, accounts.RemoveUser(t.Context(), auth.Everyone(), added[1].ID), fault.NotFound)
	_, err = accounts.User(t.Context(), added[1].ID)
	wantKind(t, err, fault.NotFound)
	_, err = accounts.ChangeUser(t.Context(), auth.Everyone(), added[1].ID, auth.UserPatch{Name: &name})
	wantKind(t, err, fault.NotFound)
}

// allUsers reads them in pages of two.
func allUsers(t *testing.T, accounts *auth.Accounts) (all []auth.User) {
	t.Helper()
	for after, more := int64(0), true; more; {
		page, next, err := accounts.Users(t.Context(), after, 2)
		if err != nil || len(page) > 2 || len(page) == 0 {
			t.Fatalf("a page of users: %+v, %v", page, err)
		}
		all, more, after = append(all, page...), next, page[len(page)-1].ID
	}
	return all
}

func sortedUsers(users []auth.User) []auth.User {
	slices.SortFunc(users, func(a, b auth.User) int { return cmp.Compare(a.ID, b.ID) })
	return users
}

func testUserRules(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	for _, d := range []auth.UserDraft{
		{},
		{Name: " \u200b\u00ad"},
		{Name: "a\x00b"},
		{Name: "a\xffb"},
		{Name: string(make([]rune, auth.MaxNameRunes+1))},
		{Name: "Jo", Email: "jo"},
		{Name: "Jo", Email: "Jo <jo@example.com>"},
		{Name: "Jo", Email: strings.Repeat("j", auth.MaxEmailBytes) + "@example.com"},
	} {
		_, err := accounts.AddUser(t.Context(), auth.Everyone(), d)
		wantKind(t, err, fault.Invalid)
	}
	empty := ""
	_, err := accounts.ChangeUser(t.Context(), auth.Everyone(), user, auth.UserPatch{Name: &empty})
	wantKind(t, err, fault.Invalid)
	if users, err := s.ListUsers(t.Context(), 0, 100); err != nil || len(users) != 1+len(MoreUsers()) {
		t.Errorf("users after refusals: %+v, %v", users, err)
	}
}
