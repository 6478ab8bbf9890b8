package events_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

func TestPublicID(t *testing.T) {
	t.Parallel()
	for _, id := range []events.PublicID{{Epoch: "0f3a", Position: 7}, {Epoch: "a", Position: 0}, {Epoch: "ab12", Position: 1 << 53}} {
		if got, err := events.ParsePublicID(id.String()); got != id || err != nil {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	for _, text := range []string{
		"", "evt_", "evt__1", "evt_ab", "evt_ab_", "evt_ab_-1", "evt_ab_01", "evt_ab_+1", "ab_1", "evt_ab_1 ", "EVT_ab_1",
		"evt_ab_1_2", "evt_ab_99999999999999999999",
	} {
		if id, err := events.ParsePublicID(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %+v, %v", text, id, err)
		}
	}
}

// TestPublic: what clients see, field for field; nothing of the inner life of the log is
// among it.
func TestPublic(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 12, 0, 0, 5_000_000, time.UTC)
	for want, e := range map[string]events.Event{
		`{"id":"evt_ab_9","type":"image.retrying","product_id":4,"image_id":7,"user_id":2,"occurred_at":"2026-11-27T12:00:00.005Z",` +
			`"product":{"revision":6,"version":3},"data":{"reason":"source_timeout","attempt":2,"delay_ms":900}}`: {
			ID: 9, Type: events.ImageRetrying, ProductID: 4, ImageID: 7, UserID: 2, Revision: 6, Version: 3, OccurredAt: at,
			Data: events.Data{Reason: "source_timeout", Attempt: 2, DelayMS: 900, Key: 5},
		},
		`{"id":"evt_ab_10","type":"product.deleted","product_id":4,"user_id":2,"occurred_at":"2026-11-27T12:00:00.005Z",` +
			`"product":{"revision":7,"version":4},"data":{}}`: {
			ID: 10, Type: events.ProductDeleted, ProductID: 4, UserID: 2, Revision: 7, Version: 4, OccurredAt: at,
		},
	} {
		got, err := json.Marshal(e.Public("ab"))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v\nwant %s", got, err, want)
		}
	}
	if slices.Contains(events.Types(), events.KeyChanged) || events.KeyChanged.IsPublic() || !events.ImageFailed.IsPublic() {
		t.Errorf("clients see %s", events.Types())
	}
}
