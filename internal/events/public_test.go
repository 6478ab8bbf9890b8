package events_test

import (
	"testing"

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
