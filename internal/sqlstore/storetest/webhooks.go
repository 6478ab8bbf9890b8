package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/webhook"
)

func webhookService(s Store) *webhook.Service {
	end := events.NewHorizon(s, events.DefaultHorizonConfig(), discard()).Now
	check := func(url string) string {
		if url == "https://blocked.example/" {
			return "cannot be used: it is private"
		}
		return ""
	}
	return webhook.NewService(s, check, webhook.Box{}, end, func() string { return feedEpoch })
}

// addWebhook makes an endpoint of the user.
func addWebhook(t *testing.T, s Store, url string, types ...events.Type) webhook.Endpoint {
	t.Helper()
	e, _, err := webhookService(s).Create(t.Context(), of(user), webhook.Draft{URL: url, Types: types})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testWebhooks: the rules of endpoints, and whose they are.
func testWebhooks(t *testing.T, s Store) {
	t.Helper()
	service, ctx := webhookService(s), t.Context()
	create(t, s)
	given := webhook.NewSecret()
	e, secret, err := service.Create(ctx, of(user), webhook.Draft{
		Name: "shop", URL: "https://a.example/", Types: []events.Type{events.ImageReady, events.ProductDeleted}, Secret: given.String(),
	})
	if err != nil || e.UserID != user || e.Position == 0 || secret.String() != given.String() || e.CreatedAt.IsZero() || e.Disabled != webhook.NotDisabled {
		t.Fatalf("%+v, %v", e, err)
	}
	if got, err := service.Get(ctx, of(user), e.ID); err != nil || fmt.Sprint(got) != fmt.Sprint(e) {
		t.Errorf("%+v, %v; want %+v", got, err, e)
	}
	for field, d := range map[string]webhook.Draft{
		"url":      {},
		"name":     {Name: strings.Repeat("n", 201), URL: "https://a.example/"},
		"types[1]": {URL: "https://a.example/", Types: []events.Type{events.ImageReady, "image.retrying"}},
		"secret":   {URL: "https://a.example/", Secret: "whsec_c2hvcnQ="},
	} {
		_, _, err := service.Create(ctx, of(user), d)
		wantField(t, err, field)
	}
	_, _, err = service.Create(ctx, of(user), webhook.Draft{URL: "https://blocked.example/"})
	wantField(t, err, "url")
	_, _, err = service.Create(ctx, auth.Everyone(), webhook.Draft{URL: "https://a.example/"})
	wantField(t, err, "user_id")
	_, _, err = service.Create(ctx, auth.Everyone(), webhook.Draft{URL: "https://a.example/", UserID: 4711})
	wantField(t, err, "user_id")
	_, _, err = service.Create(ctx, of(user), webhook.Draft{URL: "https://a.example/", UserID: MoreUsers()[0]})
	wantKind(t, err, fault.Forbidden)

	foreign := of(MoreUsers()[0])
	off, url := false, "https://b.example/"
	for what, err := range map[string]error{
		"get":       ignore(service.Get(ctx, foreign, e.ID)),
		"change":    ignore(service.Change(ctx, foreign, e.ID, webhook.Patch{Enabled: &off})),
		"delete":    service.Delete(ctx, foreign, e.ID),
		"rotate":    ignored3(service.RotateSecret(ctx, foreign, e.ID, "", 0)),
		"test":      ignore(service.Test(ctx, foreign, e.ID, "")),
		"list":      ignored3(service.Deliveries(ctx, foreign, e.ID, "", 0, 0)),
		"redeliver": ignore(service.Redeliver(ctx, foreign, e.ID, 1)),
		"range":     ignore(service.RedeliverRange(ctx, foreign, e.ID, events.PublicID{Epoch: feedEpoch}.String(), "")),
		"missing":   ignore(service.Get(ctx, of(user), e.ID+99)),
	} {
		if !errors.Is(err, webhook.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	changed, err := service.Change(ctx, of(user), e.ID, webhook.Patch{URL: &url, Enabled: &off, Types: &[]events.Type{}})
	if err != nil || changed.URL != url || changed.Disabled != webhook.ByRequest || changed.DisabledAt.IsZero() || len(changed.Types) != 0 || changed.Name != "shop" {
		t.Errorf("%+v, %v", changed, err)
	}
	for what, err := range map[string]error{
		"test":  ignore(service.Test(ctx, of(user), e.ID, "")),
		"range": ignore(service.RedeliverRange(ctx, of(user), e.ID, events.PublicID{Epoch: feedEpoch}.String(), "")),
	} {
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s of one that is disabled: %v", what, err)
		}
	}
	_, err = service.Redeliver(ctx, of(user), e.ID, 4711)
	if !errors.Is(err, webhook.ErrNoDelivery) {
		t.Error(err)
	}
	for range webhook.MaxPerUser - 1 {
		addWebhook(t, s, "https://a.example/")
	}
	if _, _, err := service.Create(ctx, of(user), webhook.Draft{URL: "https://a.example/"}); !errors.Is(err, webhook.ErrTooMany) {
		t.Error(err)
	}
	if list, more, err := service.List(ctx, of(user), 0, e.ID, 3); err != nil || len(list) != 3 || !more || list[0].ID <= e.ID {
		t.Errorf("%d, %t, %v", len(list), more, err)
	}
	if list, _, err := service.List(ctx, foreign, 0, 0, 0); err != nil || len(list) != 0 {
		t.Errorf("another's: %d, %v", len(list), err)
	}
	if err := service.Delete(ctx, of(user), e.ID); err != nil {
		t.Error(err)
	}
	wantKind(t, service.Delete(ctx, of(user), e.ID), fault.NotFound)
	entries, err := s.ListAudit(ctx, 0, 100)
	var actions []string
	for _, entry := range entries {
		if entry.Target == fmt.Sprintf("webhook:%d", e.ID) {
			actions = append(actions, entry.Action)
		}
	}
	if want := []string{"webhook.delete", "webhook.change", "webhook.create"}; err != nil || !slices.Equal(actions, want) {
		t.Errorf("the audit log has %q, %v; want %q", actions, err, want)
	}
}

func ignored3[A, B any](_ A, _ B, err error) error { return err }

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid || !e.Fields.Has(field) {
		t.Errorf("%v, want something wrong with %s", err, field)
	}
}

// testWebhooksErased: a user's endpoints end with the user, however it is removed, and those
// of a user who is being erased are not delivered to.
func testWebhooksErased(t *testing.T, s Store) {
	t.Helper()
	accounts, service := auth.NewAccounts(s), webhookService(s)
	for _, cascade := range []bool{false, true} {
		u, err := accounts.AddUser(t.Context(), admin(), auth.UserDraft{Name: "Leaves"})
		if err != nil {
			t.Fatal(err)
		}
		e, _, err := service.Create(t.Context(), of(u.ID), webhook.Draft{URL: "https://a.example/"})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := service.Test(t.Context(), of(u.ID), e.ID, events.ImageReady); err != nil {
				t.Fatal(err)
			}
		}
		if claims, err := s.ClaimWebhooks(t.Context(), "a"); err != nil || len(claims) != 1 || !claims[0].Due {
			t.Errorf("%+v, %v", claims, err)
		}
		if cascade {
			j, err := accounts.EraseUser(t.Context(), admin(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			if claims, err := s.ClaimWebhooks(t.Context(), "a"); err != nil || len(claims) != 0 {
				t.Errorf("of a user who is being erased: %+v, %v", claims, err)
			}
			if _, _, err := service.Create(t.Context(), of(u.ID), webhook.Draft{URL: "https://a.example/"}); err == nil {
				t.Error("an endpoint was made for a user who is being erased")
			}
			until(t, "the user is erased", func() bool {
				if _, err := s.LeaseJob(t.Context(), "h", time.Minute); err != nil && fault.KindOf(err) != fault.NotFound {
					t.Fatal(err)
				}
				j, _, err = s.AdvanceErasure(t.Context(), job.Batch{JobID: j.ID, Holder: "h", Limit: 2, Lease: time.Minute})
				return err == nil && j.State == job.Done
			})
		} else if err := accounts.RemoveUser(t.Context(), admin(), u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Webhook(t.Context(), e.ID); !errors.Is(err, webhook.ErrNotFound) {
			t.Error(err)
		}
		if list, err := s.ListDeliveries(t.Context(), e.ID, "", 0, 10); err != nil || len(list) != 0 {
			t.Errorf("%d deliveries are left, %v", len(list), err)
		}
	}
}

// testPurgeDeliveries: what has ended is removed by age and by number; what waits is not.
func testPurgeDeliveries(t *testing.T, s Store) {
	t.Helper()
	e := addWebhook(t, s, "https://a.example/")
	other := addWebhook(t, s, "https://b.example/")
	if _, err := s.ClaimWebhooks(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ended := func(id int64, state webhook.State, n int) {
		t.Helper()
		var list []webhook.Result
		for i := range n {
			list = append(list, webhook.Result{Delivery: webhook.Delivery{WebhookID: id, EventID: int64(i + 1), MessageID: "m", Type: events.ImageReady, State: state, Body: []byte("{}")}, Wait: time.Hour})
		}
		_, err := s.RecordOutcome(t.Context(), id, "a", webhook.Outcome{Results: list}, func(h webhook.Health, _ time.Time) (webhook.Health, bool) { return h, false })
		if err != nil {
			t.Fatal(err)
		}
	}
	ended(e.ID, webhook.Waiting, 2)
	ended(e.ID, webhook.Delivered, 120)
	ended(other.ID, webhook.Failed, 4)
	count := func(id int64) int {
		t.Helper()
		list, err := s.ListDeliveries(t.Context(), id, "", 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n, err := s.PurgeDeliveries(t.Context(), time.Hour, 100, 15); n != 15 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := s.PurgeDeliveries(t.Context(), time.Hour, 100, 1000); n != 5 || err != nil || count(e.ID) != 102 || count(other.ID) != 4 {
		t.Errorf("removed %d, %v; %d and %d are left", n, err, count(e.ID), count(other.ID))
	}
	if n, err := s.PurgeDeliveries(t.Context(), 0, 100, 1000); n != 104 || err != nil || count(e.ID) != 2 {
		t.Errorf("removed %d, %v; %d are left", n, err, count(e.ID))
	}
}

// testRecordHeld: only the holder records, and what others asked for meanwhile stays.
func testRecordHeld(t *testing.T, s Store) {
	t.Helper()
	e, service := addWebhook(t, s, "https://a.example/"), webhookService(s)
	same := func(h webhook.Health, _ time.Time) (webhook.Health, bool) { return h, false }
	for _, holder := range []string{"a", "b"} {
		if claims, err := s.ClaimWebhooks(t.Context(), holder); err != nil || len(claims) != 1 || claims[0].ReadAt.IsZero() {
			t.Fatalf("%+v, %v", claims, err)
		}
	}
	_, err := s.RecordOutcome(t.Context(), e.ID, "a", webhook.Outcome{Progress: webhook.Progress{Position: 99}}, same)
	wantKind(t, err, fault.Conflict)
	_, err = s.RecordOutcome(t.Context(), e.ID+1, "b", webhook.Outcome{}, same)
	wantKind(t, err, fault.Conflict)
	for range 3 {
		create(t, s)
	}
	at := e.Position + 3
	if _, err := s.RecordOutcome(t.Context(), e.ID, "b", webhook.Outcome{Progress: webhook.Progress{Position: at, Outstanding: []int64{at - 1, at}}}, same); err != nil {
		t.Fatal(err)
	}
	from := func(id int64) string { return events.PublicID{Epoch: feedEpoch, Position: id}.String() }
	if _, err = service.RedeliverRange(t.Context(), of(user), e.ID, from(0), from(at+500)); err != nil {
		t.Fatal(err)
	}
	_, err = service.RedeliverRange(t.Context(), of(user), e.ID, from(0), "")
	wantKind(t, err, fault.Conflict)
	recorded, err := s.RecordOutcome(t.Context(), e.ID, "b", webhook.Outcome{Progress: webhook.Progress{Position: at}}, same)
	if want := (webhook.Range{After: 0, Until: at}); err != nil || recorded.Again != want {
		t.Errorf("%+v, %v; want %+v", recorded, err, want)
	}
	recorded, err = s.RecordOutcome(t.Context(), e.ID, "b", webhook.Outcome{Progress: webhook.Progress{Position: at, Again: webhook.Range{After: at - 1, Until: at}}}, same)
	if err != nil || recorded.Again.After != at-1 {
		t.Errorf("%+v, %v", recorded, err)
	}
	recorded, err = s.RecordOutcome(t.Context(), e.ID, "b", webhook.Outcome{Progress: webhook.Progress{Position: at, Again: webhook.Range{After: at, Until: at}}}, same)
	if err != nil || recorded.Again != (webhook.Range{}) {
		t.Errorf("%+v, %v", recorded, err)
	}
	for _, text := range []string{"", "evt_other_1", "1"} {
		_, err = service.RedeliverRange(t.Context(), of(user), e.ID, text, "")
		wantField(t, err, "after")
	}
	ahead := webhook.Outcome{Progress: webhook.Progress{Position: at + 1000}}
	if _, err := s.RecordOutcome(t.Context(), e.ID, "b", ahead, same); err != nil {
		t.Fatal(err)
	}
	if claims, err := s.ClaimWebhooks(t.Context(), "b"); err != nil || !claims[0].Ahead || claims[0].Position >= at+1000 {
		t.Errorf("beyond the end of the log: %+v, %v", claims, err)
	}
}
