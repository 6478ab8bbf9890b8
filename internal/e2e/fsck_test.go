package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// storage is the files behind the API, as an operator with an accident has them.
type storage struct {
	put    func(key, text string)
	remove func(key string)
}

func folder(t *testing.T, dir string) storage {
	t.Helper()
	return storage{
		put: func(key, text string) {
			path := filepath.Join(dir, "images", key)
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		remove: func(key string) {
			if err := os.Remove(filepath.Join(dir, "images", key)); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func bucket(t *testing.T, env map[string]string) storage {
	t.Helper()
	client, name := systemtest.S3(env), env["AWS_S3_BUCKET"]
	return storage{
		put: func(key, text string) {
			_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(text)})
			if err != nil {
				t.Fatal(err)
			}
		},
		remove: func(key string) {
			if _, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &name, Key: &key}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// verdict is what a program reads of a report.
type verdict struct {
	Clean       bool `json:"clean"`
	ComparedAll bool `json:"compared_all"`
	Findings    []struct {
		Kind  string `json:"kind"`
		Count int64
	} `json:"findings"`
}

// fsck runs the command and returns its exit code and its report.
func fsck(t *testing.T, env map[string]string, flags ...string) (code int, v verdict) {
	t.Helper()
	bin := systemtest.Build(t, systemtest.Program)
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"fsck", "--json", "--grace", "0s"}, flags...)...)
	cmd.Dir, cmd.Env = t.TempDir(), []string{"HOME=" + t.TempDir()}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("fsck printed %s and %s: %v", out, &stderr, err)
	}
	return cmd.ProcessState.ExitCode(), v
}

func (v verdict) counts() map[string]int64 {
	counts := map[string]int64{}
	for _, f := range v.Findings {
		if f.Count > 0 {
			counts[f.Kind] = f.Count
		}
	}
	return counts
}

// TestFsck damages the storage under a running system, in both shapes: the
// command finds it, repairs it beside the running processes, and then finds
// nothing; every picture is there again.
func TestFsck(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) (env map[string]string, api string, files storage){
		"embedded": func(t *testing.T) (map[string]string, string, storage) {
			t.Helper()
			env := map[string]string{"DATA_DIR": t.TempDir()}
			return env, systemtest.Start(t, "serve", env).URL(), folder(t, env["DATA_DIR"])
		},
		"servers": func(t *testing.T) (map[string]string, string, storage) {
			t.Helper()
			env := systemtest.SharedServers(t)
			systemtest.Start(t, "migrate", env).AwaitEnd("the migration")
			api := systemtest.Start(t, "api", env).URL()
			systemtest.Start(t, "worker", env)
			return env, api, bucket(t, env)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, api, files := start(t)
			damageAndRepair(systemtest.Client{T: t, URL: api}, env, files)
		})
	}
}

func damageAndRepair(c systemtest.Client, env map[string]string, files storage) {
	t := c.T
	t.Helper()
	photo := systemtest.NewSource(t).URL + "/rocket.jpg"
	paths := make([]string, 2)
	for i := range paths { // both show the same files
		paths[i] = c.Create(fmt.Sprintf("Shown %d", i), photo)
		c.Finished(paths[i])
	}
	img := c.Finished(paths[0]).Images[0]
	files.remove(systemtest.Key(*img.Compressed))
	files.put(systemtest.Key(img.Variants[0]), "cut off")
	files.put("ab/ab000000000000000000000000000001/w320.webp", "left behind")

	want := map[string]int64{"missing_object": 1, "wrong_size": 1, "orphan_object": 1}
	for _, step := range []struct {
		flags []string
		code  int
		want  map[string]int64
	}{
		{nil, 1, want},
		{[]string{"--repair"}, 0, want},
	} {
		code, v := fsck(t, env, step.flags...)
		// The queue and the cache of serve are in its memory.
		inMemory := env["DATA_DIR"] != ""
		if code != step.code || !maps.Equal(v.counts(), step.want) || v.ComparedAll == inMemory || v.Clean != (v.ComparedAll && code == 0) {
			t.Fatalf("fsck %v ended with %d: %+v", step.flags, code, v)
		}
	}
	for _, path := range paths {
		showsAll(c, path, systemtest.Key(*img.Compressed))
	}
	if code, v := fsck(t, env); code != 0 || len(v.counts()) > 0 {
		t.Errorf("after the repair fsck ended with %d: %+v", code, v)
	}
}

// showsAll waits until the product's picture is made again and downloads all of it.
func showsAll(c systemtest.Client, path, compressed string) {
	c.T.Helper()
	for deadline := time.Now().Add(systemtest.Patience); ; systemtest.Pause(c.T, 50*time.Millisecond) {
		img := c.Finished(path).Images[0]
		if img.Status == "ready" && img.Attempts == 1 && allThere(c, img) {
			for _, out := range systemtest.Files(img) {
				checkBytes(c, out)
			}
			if systemtest.Key(*img.Compressed) != compressed {
				c.T.Errorf("the same content has another key: %s, was %s", systemtest.Key(*img.Compressed), compressed)
			}
			return
		}
		if time.Now().After(deadline) {
			c.T.Fatalf("%s still shows %+v", path, img)
		}
	}
}

// allThere: the other product's picture may be made again first, and stores one
// file after the other.
func allThere(c systemtest.Client, img wire.Image) bool {
	return !slices.ContainsFunc(systemtest.Files(img), func(out wire.Output) bool {
		reply, body := c.Do(http.MethodGet, out.URL, nil, "")
		return reply.StatusCode != http.StatusOK || int64(len(body)) != out.Bytes
	})
}

// TestFsckMakesNothing: where there is no database the command says so, by its
// own code, and leaves none behind.
func TestFsckMakesNothing(t *testing.T) {
	t.Parallel()
	bin := systemtest.Build(t, systemtest.Program)
	cmd := exec.CommandContext(t.Context(), bin, "fsck", "--repair")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"DATA_DIR=" + filepath.Join(cmd.Dir, "nowhere")}
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 69 || !strings.Contains(string(out), "DATA_DIR") {
		t.Errorf("ended with %s: %s", cmd.ProcessState, out)
	}
	if entries, err := os.ReadDir(cmd.Dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v behind, %v", entries, err)
	}
}
