package fsck_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// objects lists the storage.
func (w *system) objects() []string {
	w.t.Helper()
	var keys []string
	must(w.t, w.blobs.List(w.t.Context(), "", func(info blob.Info) error {
		keys = append(keys, info.Key)
		return nil
	}))
	return keys
}

// TestQueueDepth: dead letters are only wrong where no one drains them.
func TestQueueDepth(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	w.ready, w.dead = queue.Depth{Ready: 1}, queue.Depth{Ready: 3, Consumers: 1}
	if report := w.check(true); !report.Clean() || len(found(report)) > 0 {
		t.Errorf("with consumers: %+v", report)
	}
	w.ready, w.dead = queue.Depth{}, queue.Depth{Ready: 3}
	report := w.check(true)
	if report.Clean() || report.Of(fsck.DeadMessagesWaiting).Count != 3 || report.Of(fsck.DeadMessagesWaiting).Unrepaired == "" {
		t.Errorf("no one drains the dead letters: %+v", report)
	}
}

// TestSharedStorage: an installation deletes nothing in a storage that is
// marked as another's.
func TestSharedStorage(t *testing.T) {
	t.Parallel()
	w, other := embedded(t), embedded(t)
	p := w.create(1)
	w.check(true) // leaves its marker
	w.finish(p)
	other.blobs = w.blobs
	for range 2 {
		report := other.check(true)
		if !strings.Contains(report.Refused, "another installation") || len(found(report)) > 0 {
			t.Errorf("the other installation reports %+v", report)
		}
		var text bytes.Buffer
		must(t, report.WriteText(&text))
		if report.ComparedAll() || !strings.Contains(text.String(), "Not, or not wholly, compared: orphan_object, unused_rendition, unused_source") {
			t.Errorf("what it did not look for is told as\n%s", &text)
		}
	}
	collector := gc.NewCollector(other.store, other.blobs, time.Hour, gc.Config{MayDelete: other.mayDelete}, quiet)
	report, err := collector.Turn(t.Context())
	must(t, err)
	runs, err := other.store.LastRuns(t.Context())
	must(t, err)
	if c := gc.Summarize(runs); report.Refused == "" || c.Turn == nil || c.Turn.Finished() || c.Turn.Report.Refused == "" || c.Round.Turns != 0 {
		t.Errorf("a turn that was refused counts as %+v, the round is %+v", c.Turn, c.Round)
	}
	if report := w.check(true); report.Refused != "" {
		t.Errorf("the first installation reports %+v", report)
	}
	w.finish(p)
}

// TestForeignFilesAreLeftAlone.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	for _, key := range []string{"logo.webp", "ab/logo.webp", "ab/ab00/w1.webp", "ab/cd000000000000000000000000000001/w1.webp"} {
		w.put(key, []byte("another's"))
	}
	if report := w.check(true); len(found(report)) > 0 || len(w.objects()) != 5 {
		t.Errorf("%+v; files %v", report, w.objects())
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	w.put("ab/ab000000000000000000000000000001/w320.webp", []byte("left behind"))
	report := w.check(false)
	var text, encoded bytes.Buffer
	must(t, report.WriteText(&text))
	for _, want := range []string{"orphan_object", "1      0", "for example: ab/ab", "fsck --repair"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
	must(t, report.WriteJSON(&encoded))
	var got struct {
		Clean    bool         `json:"clean"`
		Findings []gc.Finding `json:"findings"`
	}
	must(t, json.Unmarshal(encoded.Bytes(), &got))
	if got.Clean || len(got.Findings) != 10 {
		t.Errorf("the JSON is %s", &encoded)
	}
}

// TestRunsAreRecorded: fsck and the collector leave what they found, also where they failed.
func TestRunsAreRecorded(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	last := func() gc.Consistency {
		t.Helper()
		runs, err := w.store.LastRuns(t.Context())
		must(t, err)
		return gc.Summarize(runs)
	}
	w.put("ab/ab000000000000000000000000000001/w320.webp", []byte("left behind"))
	w.checkWith(fsck.Config{Policy: media.DefaultPolicy(), CacheLease: time.Millisecond, By: "ann@host"})
	c := last()
	if c.Fsck == nil || c.Fsck != c.Finished || c.Fsck.By != "ann@host" || c.Fsck.Repair || c.Fsck.Clean() || c.Fsck.Report.Of(gc.OrphanObject).Count != 1 {
		t.Fatalf("recorded is %+v", c.Fsck)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := fsck.New(w.parts(), fsck.Config{By: "ben@host", Repair: true}).Run(stopped); err == nil {
		t.Error("it has not noticed that it was stopped")
	}
	c = last()
	if c.Fsck.By != "ben@host" || c.Fsck.Failure != "It was stopped." || !c.Fsck.Report.Of(fsck.StuckProcessing).Skipped || c.Fsck.ComparedAll() || !c.Fsck.Repair || c.Finished == nil || c.Finished.By != "ann@host" {
		t.Errorf("recorded is %+v, and before it %+v", c.Fsck, c.Finished)
	}
	collector := gc.NewCollector(w.store, w.blobs, time.Hour, gc.Config{By: "process"}, quiet)
	report, err := collector.Turn(t.Context())
	must(t, err)
	c = last()
	if report == nil || c.Turn == nil || c.Turn.By != "process" || c.Turn.Failure != "" || time.Until(c.Turn.DueAt) < 50*time.Minute || c.Round.Turns != 1 {
		t.Errorf("recorded is %+v of %+v", c.Turn, report)
	}
}
