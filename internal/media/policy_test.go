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
		limit := p.MaxAttempts
		switch f.Reason {
		default:
		case fault.StorageUnavailable:
			limit = 1000
		case fault.DecoderCrashed:
			limit = p.MaxCrashes
		}
		delay, again := p.Next(attempt, age, f)
		if want := f.Reason.Retryable() && attempt < limit && age < p.MaxAge; again != want {
			t.Fatalf("again = %v, want %v", again, want)
		}
		if !again {
			return
		}
		if delay > p.Cap || delay < min(f.RetryAfter, p.Cap) {
			t.Fatalf("delay %s is outside what the host asked (%s) and the cap", delay, f.RetryAfter)
		}
		if attempt < 10 && delay < min(p.Base<<(attempt-1), p.Cap)/2 {
			t.Fatalf("delay %s after attempt %d is too short for base %s", delay, attempt, p.Base)
		}
	})
}

func TestRenditionKeyDependsOnContentAndRecipe(t *testing.T) {
	t.Parallel()
	key := media.RenditionKey([]byte("a"), "r1")
	if len(key) != 32 || key != media.RenditionKey([]byte("a"), "r1") {
		t.Errorf("key %q is not a stable hash", key)
	}
	if key == media.RenditionKey([]byte("b"), "r1") || key == media.RenditionKey([]byte("a"), "r2") {
		t.Error("different content or recipe has the same key")
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
