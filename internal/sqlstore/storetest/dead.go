package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// broken creates a product with an image per URL and fails them all.
func broken(t *testing.T, s Store, reason fault.Reason, urls ...string) catalog.Product {
	t.Helper()
	p := create(t, s, urls...)
	for _, job := range jobs(t, s) {
		c := begin(t, s, job)
		if _, err := s.Fail(t.Context(), c, fault.Fail(reason, "It did not work.", nil)); err != nil {
			t.Fatal(err)
		}
	}
	newEvents(t, s)
	return read(t, s, p.ID)
}

func unreadable(t *testing.T, s Store, id, body string) {
	t.Helper()
	err := s.KeepUnreadable(t.Context(), media.Unreadable{MessageID: id, Body: []byte(body), Bytes: int64(len(body)), Digest: body})
	if err != nil {
		t.Fatal(err)
	}
}

func letters(t *testing.T, s Store, f failures.Filter) []failures.Item {
	t.Helper()
	list, err := s.ListFailures(t.Context(), f, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wantFailed asks that every filter finds the image among the n failed ones of
// its product, in whichever way it failed.
func wantFailed(t *testing.T, s Store, p catalog.Product, image int64, n int) {
	t.Helper()
	accepted := p.CreatedAt
	for name, f := range map[string]failures.Filter{
		"user": {UserID: p.UserID}, "since": {FailedAfter: accepted}, "product": {ProductID: p.ID},
		"all": {UserID: p.UserID, FailedAfter: accepted, FailedBefore: accepted.Add(time.Hour), ProductID: p.ID},
	} {
		f.Reason = read(t, s, p.ID).Images[0].Problem.Reason
		list := letters(t, s, f)
		found := slices.ContainsFunc(list, func(l failures.Item) bool { return l.ID.N == image && l.UserID == p.UserID })
		if len(list) != n || !found {
			t.Errorf("filtered by %s: %+v, want %d with image %d", name, list, n, image)
		}
		if count, _, err := s.CountFailures(t.Context(), failures.Replay, f); err != nil || count != int64(n) {
			t.Errorf("filtered by %s: a replay means %d, %v; want %d", name, count, err, n)
		}
	}
}

// names returns the ids of the letters as text.
func names(list []failures.Item) []string {
	out := []string{}
	for _, l := range list {
		out = append(out, l.ID.String())
	}
	return out
}

func imageID(img catalog.Image) failures.ID {
	return failures.ID{Kind: failures.KindImage, N: img.ID}
}

func testDeadList(t *testing.T, s Store) {
	t.Helper()
	if list := letters(t, s, failures.Filter{}); list == nil || len(list) != 0 {
		t.Errorf("an empty list is %v", list)
	}
	began := time.Now().Add(-time.Hour)
	create(t, s, "http://fine.example/0.jpg")
	jobs(t, s)
	a := broken(t, s, fault.SourceNotFound, "http://A.example:80/1.jpg")
	b := broken(t, s, fault.SourceTimeout, "https://b.example/2.jpg")
	unreadable(t, s, "m1", "garbage")
	for most, images := range map[int]int{1: 1, 100: len(letters(t, s, failures.Filter{})) - 1} {
		counts, err := s.CountListed(t.Context(), most)
		if err != nil || images < 1 || counts[failures.KindImage] != images || counts[failures.KindMessage] != 1 {
			t.Errorf("of up to %d there are %v, %v; want %d images and a message", most, counts, err, images)
		}
	}
	first, second := imageID(a.Images[0]).String(), imageID(b.Images[0]).String()

	all := letters(t, s, failures.Filter{})
	if len(all) != 3 {
		t.Fatalf("%d letters, want 3: %+v", len(all), all)
	}
	img := all[slices.IndexFunc(all, func(l failures.Item) bool { return l.ID.String() == first })]
	if img.ProductID != a.ID || img.UserID != user || img.SourceURL != "http://A.example:80/1.jpg" || img.Host != "a.example" ||
		img.Attempts != 1 || img.Reason != fault.SourceNotFound || img.Detail != "It did not work." || img.RequestID != "req-1" ||
		img.Retryable() || img.FailedAt.Before(began) {
		t.Errorf("image is %+v", img)
	}
	message := all[slices.IndexFunc(all, func(l failures.Item) bool { return l.ID.Kind == failures.KindMessage })]
	if message.MessageID != "m1" || message.Bytes != 7 || string(message.Preview) != "garbage" ||
		message.Reason != failures.Unreadable || message.FailedAt.Before(began) {
		t.Errorf("message is %+v", message)
	}
	text := message.ID.String()
	for name, tt := range map[string]struct {
		filter failures.Filter
		want   []string
	}{
		"reason":              {failures.Filter{Reason: fault.SourceNotFound}, []string{first}},
		"unreadable":          {failures.Filter{Reason: failures.Unreadable}, []string{text}},
		"host":                {failures.Filter{Host: "a.example"}, []string{first}},
		"no such host":        {failures.Filter{Host: "c.example"}, []string{}},
		"user":                {failures.Filter{UserID: user}, []string{second, first}},
		"unknown user":        {failures.Filter{UserID: 999}, []string{}},
		"product":             {failures.Filter{ProductID: b.ID}, []string{second}},
		"since long ago":      {failures.Filter{FailedAfter: began, UserID: user}, []string{second, first}},
		"before long ago":     {failures.Filter{FailedBefore: began}, []string{}},
		"from, inclusive":     {failures.Filter{FailedAfter: img.FailedAt, ProductID: a.ID}, []string{first}},
		"to, exclusive":       {failures.Filter{FailedBefore: img.FailedAt, ProductID: a.ID}, []string{}},
		"just after":          {failures.Filter{FailedAfter: img.FailedAt.Add(time.Microsecond), ProductID: a.ID}, []string{}},
		"just before its end": {failures.Filter{FailedBefore: img.FailedAt.Add(time.Microsecond), ProductID: a.ID}, []string{first}},
		"everything at a time": {
			failures.Filter{Reason: fault.SourceTimeout, Host: "b.example", UserID: user, ProductID: b.ID, FailedAfter: began},
			[]string{second},
		},
	} {
		if got := names(letters(t, s, tt.filter)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		n, asOf, err := s.CountFailures(t.Context(), failures.Discard, tt.filter)
		if err != nil || n != int64(len(tt.want)) || asOf.Before(began) {
			t.Errorf("%s: counted %d as of %s, %v", name, n, asOf, err)
		}
	}
	if n, _, err := s.CountFailures(t.Context(), failures.Replay, failures.Filter{}); err != nil || n != 2 {
		t.Errorf("a replay means %d letters, %v", n, err)
	}
}

func testDeadPages(t *testing.T, s Store) {
	t.Helper()
	var urls []string
	for i := range 20 {
		urls = append(urls, fmt.Sprintf("http://a.example/%d.jpg", i))
	}
	want := map[string]bool{}
	for _, img := range broken(t, s, fault.DecodeFailed, urls...).Images {
		want[imageID(img).String()] = true
	}
	for i := range 9 {
		unreadable(t, s, "m", fmt.Sprint("garbage ", i))
	}
	for _, l := range letters(t, s, failures.Filter{Reason: failures.Unreadable}) {
		want[l.ID.String()] = true
	}
	if len(want) != 29 {
		t.Fatalf("%d letters, want 29", len(want))
	}
	var after *failures.Position
	for {
		page, err := s.ListFailures(t.Context(), failures.Filter{}, after, 4)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			at := l.Position()
			if !want[l.ID.String()] {
				t.Fatalf("%s came twice or from nowhere", l.ID)
			}
			if after != nil && after.Compare(at) <= 0 {
				t.Fatalf("%+v comes after %+v", at, *after)
			}
			delete(want, l.ID.String())
			after = &at
		}
	}
	if len(want) != 0 {
		t.Errorf("never listed: %v", want)
	}
}

func testUnreadable(t *testing.T, s Store) {
	t.Helper()
	long := string(bytes.Repeat([]byte{0, 0xff}, 1000))
	unreadable(t, s, "m1", long)
	unreadable(t, s, "m1", long)
	unreadable(t, s, "m2", long)
	list := letters(t, s, failures.Filter{})
	if len(list) != 2 {
		t.Fatalf("%d messages are listed, want 2", len(list))
	}
	if string(list[0].Preview) != long[:failures.PreviewBytes] || list[0].Bytes != 2000 {
		t.Errorf("message is %+v", list[0])
	}
	done, err := s.DiscardFailures(t.Context(), []failures.ID{list[0].ID, {Kind: failures.KindMessage, N: 999}})
	if err != nil || !slices.Equal(done, []failures.ID{list[0].ID}) {
		t.Errorf("discarded %v, %v", done, err)
	}
	unreadable(t, s, list[0].MessageID, long) // again, after that
	if n := len(letters(t, s, failures.Filter{})); n != 2 {
		t.Errorf("%d messages are listed, want 2", n)
	}
	unreadable(t, s, "", "") // nothing at all is unreadable too
	if n := len(letters(t, s, failures.Filter{})); n != 3 {
		t.Errorf("%d messages are listed, want 3", n)
	}
}
