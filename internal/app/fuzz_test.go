package app

import (
	"encoding/json"
	"log/slog"
	"testing"

	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/outbox"
)

// FuzzChange: a message that cannot be read is dropped, not retried for ever.
func FuzzChange(f *testing.F) {
	good, err := json.Marshal(catalog.Changed{ProductID: 1, UserID: 2, Revision: 3, Version: 2, Edit: true})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(good), "", "{", "null", `{"product_id":"1"}`, `{"product_id":-1,"revision":1e99}`, `[]`} {
		f.Add([]byte(s))
	}
	log := slog.New(slog.DiscardHandler)
	p := &process{log: log, views: catalog.NewViews(readthrough.Disabled(), catalog.FixedEpoch("e"), log)}
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := p.deliverChange(t.Context(), outbox.Message{ID: 1, Topic: catalog.TopicChanged, Body: body}); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}
