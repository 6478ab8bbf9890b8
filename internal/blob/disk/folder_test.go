package disk_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

func TestPutRefusesWhatItCouldNotGiveBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Put(t.Context(), "a/b.webp", "image/webp", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, key, contentType string }{
		{"no extension", "ab", "image/webp"},
		{"unknown extension", "ab.html", "text/html"},
		{"another type", "ab.webp", "image/png"},
		{"no type", "ab.webp", ""},
		{"no published image", "ab", blob.SourceType},
		{"a source that claims a type", "sources/ab", "image/png"},
		{"a segment too long", strings.Repeat("a", 256) + ".webp", "image/webp"},
		{"below a key", "a/b.webp/c.webp", "image/webp"},
	} {
		if err := s.Put(t.Context(), c.key, c.contentType, []byte("x")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want an error of kind invalid", c.name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.webp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "folder.webp", "image/webp", []byte("x")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("above a key: got %v, want an error of kind invalid", err)
	}
	if left := names(t, filepath.Join(dir, ".tmp")); len(left) > 0 {
		t.Errorf("refused objects left %v", left)
	}
	if got, want := names(t, dir), []string{".tmp", "a", "folder.webp"}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
}

func TestBodyCanSeek(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if err := s.Put(t.Context(), "a.webp", "image/webp", []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	object, err := s.Open(t.Context(), "a.webp")
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	seeker, ok := object.Body.(io.ReadSeeker)
	if !ok {
		t.Fatalf("%T cannot seek", object.Body)
	}
	if _, err := seeker.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(seeker); err != nil || string(rest) != "789" {
		t.Errorf("read %q, %v", rest, err)
	}
}

func TestDeleteRemovesEmptyFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for _, key := range []string{"aa/one/w.webp", "aa/two/w.webp"} {
		if err := s.Put(t.Context(), key, "image/webp", nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "aa/one/w.webp"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, "aa")); len(got) != 1 || got[0] != "two" {
		t.Errorf("aa holds %v, want two alone", got)
	}
	if err := s.Delete(t.Context(), "aa/two/w.webp"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 1 || got[0] != ".tmp" {
		t.Errorf("the folder holds %v, want .tmp alone", got)
	}
}

func TestLeftoversAreCollectedWhenOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	scratch := filepath.Join(dir, ".tmp")
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "young": time.Minute} {
		file := filepath.Join(scratch, name)
		if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	if got := names(t, scratch); len(got) != 1 || got[0] != "young" {
		t.Errorf("leftovers are %v, want the young one alone", got)
	}
	err := s.List(t.Context(), "", func(info blob.Info) error { return errors.New("listed " + info.Key) })
	if err != nil {
		t.Error(err)
	}
}

func TestNoLinkLeadsOut(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.webp")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	for link, target := range map[string]string{"file.webp": secret, "folder": outside} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"file.webp", "folder/secret.webp"} {
		if object, err := s.Open(t.Context(), key); err == nil {
			_ = object.Body.Close()
			t.Errorf("%s was opened outside the folder", key)
		}
		if _, err := s.Stat(t.Context(), key); err == nil {
			t.Errorf("%s was described outside the folder", key)
		}
	}
	if err := s.Put(t.Context(), "folder/new.webp", "image/webp", []byte("x")); err == nil {
		t.Error("an object was put outside the folder")
	}
	if err := s.Put(t.Context(), "file.webp", "image/webp", []byte("x")); err != nil {
		t.Errorf("a link is not replaced: %v", err)
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("the file outside is %q, %v", text, err)
	}
	if got := names(t, outside); len(got) != 1 {
		t.Errorf("the folder outside holds %v", got)
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newStore(file); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func TestFolderThatIsGone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "images")
	s := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for name, err := range map[string]error{
		"ping": s.Ping(ctx), "put": s.Put(ctx, "a/b.webp", "image/webp", nil),
	} {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: got %v, want an error of kind unavailable", name, err)
		}
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	return got
}
