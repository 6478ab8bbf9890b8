package events_test

import (
	"reflect"
	"strings"
	"testing"

	"vitrine.dev/internal/events"
)

func TestDataIsThin(t *testing.T) {
	t.Parallel()
	whole := events.Data{
		Fields: []string{"product_description", "product_images", "product_name", "product_price"},
		Reason: "unsupported_media_type", Attempt: 1000, DelayMS: 86_400_000, Cause: events.CauseRequest,
	}
	if text, err := whole.Encode(); err != nil || len(text) > events.MaxDataBytes/2 {
		t.Errorf("%s, %v", text, err)
	}
	if text, err := (events.Data{}).Encode(); text != "{}" || err != nil {
		t.Errorf("%s, %v", text, err)
	}
	whole.Reason = strings.Repeat("x", events.MaxDataBytes)
	if text, err := whole.Encode(); err == nil {
		t.Errorf("%d bytes were encoded", len(text))
	}
}

// TestWorkIsThin: whatever there is to say of an attempt has room beside what else there may be.
func TestWorkIsThin(t *testing.T) {
	t.Parallel()
	step := events.Step{Name: "complete", TookMS: 86_400_000, BytesIn: 999_999_999, BytesOut: 999_999_999}
	fetch := step
	for range events.MaxHops {
		fetch.Hops = append(fetch.Hops, events.Hop{Host: strings.Repeat("h", events.MaxHostBytes), Status: 302, TookMS: 30_000})
	}
	whole := events.Data{Attempt: 1000, Work: &events.Work{
		Generation: 1_000_000_000, BegunAt: 9_999_999_999_999, Worker: strings.Repeat("W", 26), Status: 200, Redirects: 10, Published: true,
		TraceID: strings.Repeat("f", 32), Steps: []events.Step{fetch, step, step},
	}}
	text, err := whole.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got := events.DecodeData(text); !reflect.DeepEqual(got, whole) {
		t.Errorf("%+v is read as %+v", whole.Work, got.Work)
	}
}

// TestDecodeData: what one field says that cannot be read takes nothing from the others.
func TestDecodeData(t *testing.T) {
	t.Parallel()
	if d := events.DecodeData(`{"reason":"timeout","attempt":"many","delay_ms":7}`); d.Reason != "timeout" || d.DelayMS != 7 {
		t.Errorf("%+v", d)
	}
}

// FuzzDecodeData: whatever is in the log, an event can be read, and what is good of
// its data is.
func FuzzDecodeData(f *testing.F) {
	for _, s := range []string{`{"reason":"timeout","attempt":2}`, "", "{", "null", `{"attempt":"2"}`, `{"attempt":1e99}`, `[]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := events.DecodeData(text)
		whole, err := d.Encode()
		if err != nil { // too long: it was not written by this program
			return
		}
		if again, err := events.DecodeData(whole).Encode(); again != whole || err != nil {
			t.Errorf("%q is %s and then %s, %v", text, whole, again, err)
		}
	})
}
