package media_test

import (
	"bytes"
	"testing"

	"vitrine.dev/internal/queue"
)

func TestHandleDeadKeepsWhatNobodyCanRead(t *testing.T) {
	t.Parallel()
	b := setup(t, &fakeWork{})
	body := bytes.Repeat([]byte{'x'}, 70_000)
	for _, m := range []queue.Message{{ID: "m-1\x00\xff", Body: body}, {Body: nil}} {
		if err := b.worker.HandleDead(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	long, empty := b.store.unreadable[0], b.store.unreadable[1]
	if long.MessageID != "m-1\uFFFD\uFFFD" || long.Bytes != 70_000 || len(long.Body) != 64<<10 || long.Digest == empty.Digest {
		t.Errorf("kept %q, %d of %d bytes", long.MessageID, len(long.Body), long.Bytes)
	}
	if empty.Body == nil || empty.Bytes != 0 {
		t.Errorf("an empty message was kept as %+v", empty)
	}
}
