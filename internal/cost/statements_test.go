package cost_test

import (
	"testing"

	"vitrine.dev/internal/bench/limit"
)

// wantCalls fails the test where there was no call: the statements are found by their texts.
func wantCalls(t *testing.T, name string, s limit.Calls) {
	t.Helper()
	if s.Calls == 0 {
		t.Errorf("%s: no statement with its text was called: this shows nothing", name)
	}
}

// The parts of a step, by a piece of the text of each of its statements. Those are always
// there that no step, or no step that walks, is without.
var stepParts = []struct {
	name, text string
	always     bool
}{
	{"out, lines and arrivals", "AS oldest", true},
	{"hosts and their ranks", "AS lowest", true},
	{"ends of users", "AS last_end", false},
	{"parked", "AS next_users", false},
	{"parked rows", "ON id = row_id", false},
	{"probes", "AS first_due", false},
	{"walk", "walked", true},
	{"others in line", "users_in_line", false},
	{"write", "new_stage", true},
}

// newCounted is a server that counts by statement.
func newCounted(t *testing.T, settings ...string) *postgres {
	t.Helper()
	return &postgres{limit.NewCounted(t, settings...)}
}

// steps returns what the parts of a step have touched since the last reset, by name.
func (p *postgres) steps(t *testing.T) map[string]limit.Calls {
	t.Helper()
	parts := map[string]limit.Calls{}
	for _, part := range stepParts {
		parts[part.name] = p.Counts(t, part.text)
	}
	return parts
}
