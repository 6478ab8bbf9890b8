package failuresql

import "vitrine.dev/internal/failures"

// CountListedStatements are what CountListed runs.
func CountListedStatements(most int) map[failures.Kind]string { return countListed(most) }
