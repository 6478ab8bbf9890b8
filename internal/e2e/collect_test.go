package e2e_test

import (
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
			c := systemtest.Start(t, "serve", env).Client()
			photo := systemtest.NewSource(t).URL + "/rocket.jpg"
			path := c.Create("Shown", photo)
			c.Finished(path)
			if reply, _ := c.Do(http.MethodDelete, path, nil, ""); reply.StatusCode != http.StatusNoContent {
				t.Fatalf("DELETE answered %d", reply.StatusCode)
			}

			crash := maps.Clone(env)
			crash["VITRINE_CRASH_AT"] = string(point)
			dying := systemtest.StartVariant(t, systemtest.Mortal, "fsck --repair --grace 0s", crash)
			dying.AwaitEnd("the death at " + string(point))
			if state, _ := dying.State().Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGKILL {
				t.Fatalf("at %s fsck ended with %s", point, dying.State())
			}

			img := c.Finished(c.Create("Shown again", photo)).Images[0]
			if img.Status != "ready" || img.Attempts < 2 {
				t.Errorf("the image is %s after %d attempts: %+v", img.Status, img.Attempts, img.Reason)
			}
			for _, out := range systemtest.Files(img) {
				checkBytes(c, out)
			}
			if code, v := fsck(t, env); code != 0 {
				t.Errorf("at last fsck ended with %d: %+v", code, v)
			}
		})
	}
}
