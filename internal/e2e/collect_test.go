package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"syscall"
	"testing"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/systemtest"
)

// TestDeathOfACollector kills fsck while it deletes the files of a picture that
// no product shows any more, and then shows the same picture again: it waits
// for the dead one's window to end, and is whole.
func TestDeathOfACollector(t *testing.T) {
	t.Parallel()
	for _, point := range []failpoint.Point{failpoint.DeleteBegun, failpoint.Deleted} {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"DATA_DIR": t.TempDir()}
			c := client{t, start(t, "serve", env).url()}
			photo := newSource(t).URL + "/rocket.jpg"
			path := fmt.Sprintf("/products/%d", c.create("Shown", photo))
			c.settled(path)
			if reply, _ := c.do(http.MethodDelete, path, nil, ""); reply.StatusCode != http.StatusNoContent {
				t.Fatalf("DELETE answered %d", reply.StatusCode)
			}

			crash := maps.Clone(env)
			crash["VITRINE_CRASH_AT"] = string(point)
			dying := launch(t, systemtest.Build(t, systemtest.Mortal), "fsck --repair --grace 0s", crash)
			dying.ended("the death at " + string(point))
			if state, _ := dying.cmd.ProcessState.Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGKILL {
				t.Fatalf("at %s fsck ended with %s", point, dying.cmd.ProcessState)
			}

			img := c.settled(fmt.Sprintf("/products/%d", c.create("Shown again", photo))).Details[0]
			if img.Status != "ready" || img.Attempts < 2 {
				t.Errorf("the image is %s after %d attempts: %+v", img.Status, img.Attempts, img.Reason)
			}
			for _, out := range append(img.Variants, img.Compressed) {
				checkBytes(c, out)
			}
			if code, v := fsck(t, env); code != 0 {
				t.Errorf("at last fsck ended with %d: %+v", code, v)
			}
		})
	}
}
