package failuresql

import "vitrine.dev/internal/failures"

// CountListedStatements are what CountListed runs.
func CountListedStatements(most int) map[failures.Kind]string { return countListed(most) }

// CountStatements are what CountFailures runs to discard them, with their arguments.
func CountStatements(f failures.Filter, asOf int64) (statements map[failures.Kind]string, args map[failures.Kind][]any) {
	statements, args = map[failures.Kind]string{}, map[failures.Kind][]any{}
	for kind, t := range tablesOf(failures.Discard, f) {
		statements[kind], args[kind] = countAll(t, asOf)
	}
	return statements, args
}

// GroupsStatement is what GroupFailures runs for images, with its arguments.
func GroupsStatement(f failures.Filter) (statement string, args []any) {
	t := tablesOf(failures.Discard, f)[failures.KindImage]
	return groups(failures.KindImage, t), t.conditions.Args
}
