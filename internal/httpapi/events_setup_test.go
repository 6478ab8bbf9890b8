package httpapi_test

import (
	"log/slog"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/sqlstore"
)

// epoch is that of the installation of tests.
const epoch = "e"

// newFeed is one that no one runs: it looks at the log when it is asked.
func newFeed(db *sqlstore.Store, log *slog.Logger) *feed.Feed {
	return feed.New(events.NewHorizon(db, events.DefaultHorizonConfig(), log), db, func() string { return epoch }, log)
}
