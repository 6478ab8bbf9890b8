package media_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func TestPolicyNext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := media.Policy{
			MaxAttempts: rapid.IntRange(1, 60).Draw(t, "max"),
			MaxCrashes:  rapid.IntRange(1, 60).Draw(t, "max crashes"),
			MaxLosses:   rapid.IntRange(1, 60).Draw(t, "max losses"),
			MaxAge:      time.Hour,
			Base:        time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "base")),
			Cap:         10 * time.Minute,
		}
		attempt := rapid.IntRange(1, 70).Draw(t, "attempt")
		f := &fault.Failure{
			Reason:     rapid.SampledFrom(fault.Reasons()).Draw(t, "reason"),
			RetryAfter: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "retry after")),
		}
		age := time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "age"))
		lost := rapid.IntRange(0, attempt-1).Draw(t, "lost before")
		limit, counted := p.MaxAttempts, attempt-lost
		switch f.Reason {
		default:
		case fault.StorageUnavailable:
			limit = 1000
		case fault.DecoderCrashed:
			limit = p.MaxCrashes
		case fault.WorkerLost:
			lost++
			limit, counted, age = p.MaxLosses, lost, 0
		}
		delay, again := p.Next(media.Spent{Attempts: attempt, Lost: lost, Age: age}, f)
		if want := f.Reason.Retryable() && counted < limit && age < p.MaxAge; again != want {
			t.Fatalf("again = %v, want %v", again, want)
		}
		if !again {
			return
		}
		if delay > p.Cap || delay < min(f.RetryAfter, p.Cap) {
			t.Fatalf("delay %s is outside what the host asked (%s) and the cap", delay, f.RetryAfter)
		}
		if f.Reason == fault.WorkerLost {
			counted-- // the first is made up for at once
		}
		if 0 < counted && counted < 10 && delay < min(p.Base<<(counted-1), p.Cap)/2 {
			t.Fatalf("delay %s after attempt %d is too short for base %s", delay, counted, p.Base)
		}
	})
}

// TestLossesAreNotHeldAgainstTheFile: however many workers were lost over an
// image, its source has all its attempts, and the other way round; and an image
// over which workers are lost again and again ends.
func TestLossesAreNotHeldAgainstTheFile(t *testing.T) {
	t.Parallel()
	p := media.DefaultPolicy()
	timeout := fault.Fail(fault.SourceTimeout, "Too slow.", nil)
	for attempt := 5; attempt < 9; attempt++ { // four of them lost
		if _, again := p.Next(media.Spent{Attempts: attempt, Lost: 4}, timeout); again != (attempt-4 < p.MaxAttempts) {
			t.Errorf("attempt %d, of which 4 were lost: tried again: %t", attempt, again)
		}
	}
	old := media.Spent{Attempts: 50, Lost: 1, Age: 100 * p.MaxAge}
	if delay, again := p.Next(old, media.Lost()); !again || delay != 0 {
		t.Errorf("a first loss is made up for after %s: %t", delay, again)
	}
	lost := 1
	for ; lost < 100; lost++ {
		delay, again := p.Next(media.Spent{Attempts: lost, Lost: lost}, media.Lost())
		if !again {
			break
		}
		if lost > 1 && delay < p.Base/2 {
			t.Errorf("loss %d is followed after %s: what is lost together comes back together", lost, delay)
		}
	}
	if lost != p.MaxLosses {
		t.Errorf("given up after %d losses, want %d", lost, p.MaxLosses)
	}
}

func FuzzDecodeJob(f *testing.F) {
	f.Add(media.Job{ImageID: 1, ProductID: 2, Generation: 3, RequestID: "x"}.Encode())
	f.Add([]byte(`{"image_id":9007199254740992,"product_id":1,"generation":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		j, err := media.DecodeJob(body)
		if err != nil {
			return
		}
		again, err := media.DecodeJob(j.Encode())
		if err != nil || again != j {
			t.Errorf("%+v becomes %+v (%v)", j, again, err)
		}
	})
}
