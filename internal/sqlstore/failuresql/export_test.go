package failuresql

import "vitrine.dev/internal/failures"

// GroupsStatement is what GroupFailures runs for images, with its arguments.
func GroupsStatement(f failures.Filter) (statement string, args []any) {
	t := tablesOf(failures.Discard, f)[failures.KindImage]
	return groups(failures.KindImage, t), t.conditions.Args
}
