package fault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	tests := map[string]struct {
		err  error
		want fault.Kind
	}{
		"unclassified": {cause, fault.Internal},
		"nil":          {nil, fault.Internal},
		"own":          {fault.New(fault.NotFound, "no such product"), fault.NotFound},
		"wrapped":      {fmt.Errorf("read: %w", fault.Wrap(fault.Unavailable, "away", cause)), fault.Unavailable},
		"outermost":    {fault.Wrap(fault.Stale, "changed", fault.New(fault.Conflict, "busy")), fault.Stale},
	}
	for name, tt := range tests {
		if got := fault.KindOf(tt.err); got != tt.want {
			t.Errorf("%s: kind %s, want %s", name, got, tt.want)
		}
	}
	if !errors.Is(fault.Wrap(fault.Unavailable, "away", cause), cause) {
		t.Error("the cause is lost")
	}
}

// TestInTime: an error after the end of the time says so and keeps its kind; one before, or of who has left, is as it was.
func TestInTime(t *testing.T) {
	t.Parallel()
	broken := fault.Wrap(fault.Unavailable, "away", errors.New("bad connection"))
	over, end := context.WithTimeout(t.Context(), 0)
	defer end()
	left, leave := context.WithCancel(t.Context())
	leave()
	for name, tt := range map[string]struct {
		ctx  context.Context
		late bool
	}{"in time": {t.Context(), false}, "over": {over, true}, "left": {left, false}} {
		err := fault.InTime(tt.ctx, broken)
		if errors.Is(err, context.DeadlineExceeded) != tt.late || fault.KindOf(err) != fault.Unavailable || (err.Error() == broken.Error()) == tt.late {
			t.Errorf("%s: %v", name, err)
		}
		if err := fault.InTime(tt.ctx, nil); err != nil {
			t.Errorf("%s, no error: %v", name, err)
		}
		if err := fault.InTime(tt.ctx, context.DeadlineExceeded); err.Error() != context.DeadlineExceeded.Error() {
			t.Errorf("%s, said already: %v", name, err)
		}
	}
}

func TestFieldErrorsNamesThemAll(t *testing.T) {
	t.Parallel()
	if err := fault.FieldErrors(nil).Err(); err != nil {
		t.Fatalf("no fields at fault, yet %v", err)
	}
	err := fault.FieldErrors{{Name: "a", Reason: "must not be empty"}, {Name: "b[1]", Reason: "must be a URL"}}.Err()
	for _, part := range []string{"a must not be empty", "b[1] must be a URL"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
}

func TestFieldErrors(t *testing.T) {
	t.Parallel()
	var inner, all fault.FieldErrors
	inner.Add("host", "must not be empty")
	all.Add("name", "is required")
	all.Add("name", "must not be empty") // a field has one error, its first
	all.Add("price", "")
	all.AddAll("filter.", inner)
	all.Add(strings.Repeat("é", 65), "is not a known field")
	want := fault.FieldErrors{
		{Name: "name", Reason: "is required"},
		{Name: "filter.host", Reason: "must not be empty"},
		{Name: strings.Repeat("é", 64) + "…", Reason: "is not a known field"},
	}
	if !slices.Equal(all, want) {
		t.Errorf("errors %v, want %v", all, want)
	}
	for i := range 2 * fault.MaxFieldErrors {
		all.Add(strconv.Itoa(i), "is not a known field")
	}
	if len(all) != fault.MaxFieldErrors || !all.Full() {
		t.Errorf("%d errors are kept, full: %t", len(all), all.Full())
	}
}

func TestReasonsAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[fault.Reason]bool{}
	for _, r := range fault.Reasons() {
		if r == "" || seen[r] {
			t.Errorf("reason %q is empty or listed twice", r)
		}
		seen[r] = true
	}
	for _, r := range []fault.Reason{fault.SourceNotFound, fault.DecodeFailed, fault.AddressBlocked, fault.TooComplex} {
		if r.Retryable() {
			t.Errorf("%s cannot end otherwise by trying again", r)
		}
	}
}

func TestFailureOf(t *testing.T) {
	t.Parallel()
	f := fault.Fail(fault.SourceTimeout, "The host was too slow.", errors.New("i/o timeout"))
	got, ok := fault.FailureOf(fmt.Errorf("fetch: %w", f))
	if !ok || got != f {
		t.Errorf("FailureOf = %v, %v", got, ok)
	}
	if _, ok := fault.FailureOf(errors.New("other")); ok {
		t.Error("a failure was found where there is none")
	}
}
