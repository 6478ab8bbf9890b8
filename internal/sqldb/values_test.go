package sqldb

import (
	"reflect"
	"testing"
)

func TestWhere(t *testing.T) {
	t.Parallel()
	var w Where
	if w.String() != "" || w.Arg("x") != "$1" {
		t.Errorf("an empty clause is %q", w.String())
	}
	w.Add("a = ?", 1)
	w.Add("(b, c) > (?, ?)", 2, 3)
	w.Add("d IS NULL")
	if got := w.String(); got != " WHERE a = $2 AND (b, c) > ($3, $4) AND d IS NULL" {
		t.Errorf("clause is %q", got)
	}
	if want := []any{"x", 1, 2, 3}; !reflect.DeepEqual(w.Args, want) {
		t.Errorf("arguments are %v", w.Args)
	}
}

func TestTuples(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]Dialect{
		"(now(), $1, $2), (now(), $3, $4)": postgresDialect(), "(now(), ?, ?), (now(), ?, ?)": sqliteDialect(),
	} {
		clause, args := d.Tuples("(now(), %s)", [][]any{{1, "a"}, {2, "b"}})
		if clause != want || !reflect.DeepEqual(args, []any{1, "a", 2, "b"}) {
			t.Errorf("%s with %v, want %s", clause, args, want)
		}
	}
}
