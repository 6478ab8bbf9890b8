package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// profile measures once more, in which the program is profiled, and leaves what it shows in the folder BENCH_PROFILE:
// name.cpu, and name.allocs, which is since the program began. Without one it does nothing.
func (a *api) profile(t *testing.T, ours target, d time.Duration, name string) {
	t.Helper()
	folder := os.Getenv("BENCH_PROFILE")
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.save(t, fmt.Sprintf("profile?seconds=%d", max(1, int(d.Seconds()))), filepath.Join(folder, name+".cpu"))
	}()
	ours.send(t, d)
	<-done
	a.save(t, "allocs", filepath.Join(folder, name+".allocs"))
}

func (a *api) save(t *testing.T, path, file string) {
	t.Helper()
	reply, err := http.Get("http://" + a.admin + "/debug/pprof/" + path) //nolint:noctx // ends with its server
	if err != nil {
		t.Error(err)
		return
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
