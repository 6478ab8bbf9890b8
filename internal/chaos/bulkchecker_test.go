package chaos_test

import (
	"maps"
	"slices"
	"testing"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/wire"
)

func TestFollowedIsChecked(t *testing.T) {
	t.Parallel()
	log := []logged{
		{3, events.ProductCreated, 7, 1, 1},
		{5, events.ProductCreated, 8, 1, 1},
		{6, events.ImageReady, 7, 1, 2},
		{9, events.ProductDeleted, 7, 1, 3},
	}
	same := []logged{log[0], {6, events.ImageFailed, 7, 1, 2}, {7, events.ImageFailed, 7, 1, 2}}
	older := log[3]
	older.revision = 1
	if wrong := checkFollowed("two of one change", same, same); len(wrong) > 0 {
		t.Errorf("found %v", wrong)
	}
	for name, test := range map[string]struct {
		seen   []logged
		caught bool
	}{
		"all":               {log, false},
		"one is missing":    {[]logged{log[0], log[2], log[3]}, true},
		"the first is":      {log[1:], true},
		"the last is":       {log[:3], true},
		"one is repeated":   {[]logged{log[0], log[1], log[1], log[2], log[3]}, true},
		"another order":     {[]logged{log[1], log[0], log[2], log[3]}, true},
		"one that is none":  {[]logged{log[0], log[1], {id: 6, kind: events.ImageFailed, product: 7, user: 1, revision: 2}, log[3]}, true},
		"a revision is old": {[]logged{log[0], log[1], log[2], older}, true},
		"nothing":           {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if wrong := checkFollowed("f", test.seen, log); (len(wrong) > 0) != test.caught {
				t.Errorf("found %v", wrong)
			}
		})
	}
}

func TestReceiversAreChecked(t *testing.T) {
	t.Parallel()
	log := []logged{
		{3, events.ProductCreated, 7, 1, 1},
		{4, events.ProductCreated, 8, 1, 1},
		{5, events.ImportCompleted, 0, 1, 0},
		{6, events.ProductUpdated, 8, 1, 2},
		{9, events.ProductDeleted, 7, 1, 2},
	}
	want := ofUser(log, map[int64]known{8: {revision: 2}})
	if !maps.Equal(want, map[int64]known{7: {2, true}, 8: {2, false}}) {
		t.Errorf("there is to be known %v", want)
	}
	for name, has := range map[string]map[int64]known{
		"a revision is old":   {7: {2, true}, 8: {1, false}},
		"one is not deleted":  {7: {2, false}, 8: {2, false}},
		"one is missing":      {8: {2, false}},
		"one is of the moon":  {7: {2, true}, 8: {2, false}, 9: {1, false}},
		"a revision is newer": {7: {2, true}, 8: {3, false}},
	} {
		if len(sameProducts(1, has, want)) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
	if wrong := sameProducts(1, maps.Clone(want), want); len(wrong) > 0 {
		t.Errorf("found %v", wrong)
	}
	rc := &receiver{taken: map[int64]bool{3: true, 4: true, 5: true, 9: true}}
	if missing := rc.lacks(log); len(missing) != 1 {
		t.Errorf("found %v", missing)
	}
}

// importedRows are of one file: two new products, one of which a later row changes, one that is
// there before, and one at fault.
func importedRows() *file {
	one := func(line int64, external, name string, faulty bool) row {
		return row{line: line, external: external, state: state{Name: name, Price: "1"}, faulty: faulty}
	}
	return &file{id: 4, rows: []row{one(2, "a", "A", false), one(3, "", "B", false), one(4, "a", "C", false), one(6, "there", "D", false), one(7, "e", "E", true)}}
}

func TestImportsAreChecked(t *testing.T) {
	t.Parallel()
	whole := func() importOutcome {
		return importOutcome{
			now: wire.Import{State: "completed_with_errors", Rows: wire.ImportRows{Read: 5, Created: 2, Updated: 1, Superseded: 1, Failed: 1}},
			results: []wire.ImportResult{
				{Line: 2, ExternalID: "a", ProductID: 11, Outcome: "superseded"},
				{Line: 3, ProductID: 12, Outcome: "created"},
				{Line: 4, ExternalID: "a", ProductID: 11, Outcome: "created"},
				{Line: 6, ExternalID: "there", ProductID: 9, Outcome: "updated"},
				{Line: 7, ExternalID: "e", Outcome: "failed"},
			},
		}
	}
	for name, test := range map[string]struct {
		change func(*file, *importOutcome)
		caught bool
	}{
		"all is well":             {func(*file, *importOutcome) {}, false},
		"a row is lost":           {func(_ *file, i *importOutcome) { i.results = slices.Delete(i.results, 1, 2) }, true},
		"a row is doubled":        {func(_ *file, i *importOutcome) { i.results = slices.Insert(i.results, 1, i.results[1]) }, true},
		"a product is doubled":    {func(_ *file, i *importOutcome) { i.results[2].ProductID = 13 }, true},
		"another one was changed": {func(_ *file, i *importOutcome) { i.results[3].ProductID = 12 }, true},
		"two rows made one":       {func(_ *file, i *importOutcome) { i.results[1].ProductID = 11 }, true},
		"the line is wrong":       {func(_ *file, i *importOutcome) { i.results[3].Line = 5 }, true},
		"no one was superseded":   {func(_ *file, i *importOutcome) { i.results[0].Outcome = "created" }, true},
		"a fault was taken":       {func(_ *file, i *importOutcome) { i.results[4].Outcome, i.results[4].ProductID = "created", 14 }, true},
		"the totals are wrong":    {func(_ *file, i *importOutcome) { i.now.Rows.Created++ }, true},
		"images wait": {func(_ *file, i *importOutcome) {
			i.results[1].Images.Waiting, i.now.Images.Waiting = 1, 1
		}, true},
		"it goes on":           {func(_ *file, i *importOutcome) { i.now.State = "writing" }, true},
		"no one cancelled it":  {func(_ *file, i *importOutcome) { i.now.State = "cancelled" }, true},
		"all or nothing: some": {func(f *file, _ *importOutcome) { f.all = true }, true},
		"all or nothing: nothing": {func(f *file, i *importOutcome) {
			f.all, i.now.State, i.now.Rows, i.results = true, "failed", wire.ImportRows{Read: 5, Failed: 1}, i.results[4:]
		}, false},
		"mode create changes": {func(f *file, _ *importOutcome) { f.create = true }, true},
		"cancelled in between": {func(f *file, i *importOutcome) {
			f.cancelled, i.now.State, i.now.Rows, i.results = true, "cancelled", wire.ImportRows{Read: 2, Created: 2}, i.results[:2]
			i.results[0].Outcome = "created"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, f, i := newReplay(), importedRows(), whole()
			p.byExternal["there"] = &importedProduct{id: 9, external: "there", state: state{Name: "Before", Description: "Kept"}}
			p.byID[9] = p.byExternal["there"]
			test.change(f, &i)
			if p.take(f, i); (len(p.wrong) > 0) != test.caught {
				t.Errorf("found %v", p.wrong)
			}
			if want := (state{Name: "D", Description: "Kept", Price: "1"}); name == "all is well" && !p.byID[9].state.equal(want) {
				t.Errorf("the product is to be %+v, not %+v", p.byID[9].state, want)
			}
		})
	}
}
