package e2e_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// TestExportByCommand: the command writes what the API has, while images are worked on, and
// what was created of the file is exported as the same file.
func TestExportByCommand(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			src := systemtest.NewSource(t)
			from, to := s.start(t), s.start(t)
			c := systemtest.Client{T: t, URL: from}
			for _, name := range []string{"Lamp, \"large\"", "Café 🐈", "Torch"} {
				c.Create(name, src.URL+"/n/1", src.URL+"/n/2")
			}
			file := exported(t, from)
			target := systemtest.Client{T: t, URL: to}
			for line := range bytes.Lines(file) {
				var row map[string]any
				target.Decode(line, &row)
				if row["export"] == nil {
					row["user_id"] = 1
					body, err := json.Marshal(row)
					if err != nil {
						t.Fatal(err)
					}
					target.Send(http.MethodPost, to+"/products", string(body), http.StatusCreated)
				}
			}
			position := regexp.MustCompile(`evt_[0-9a-f]+_\d+`)
			if got, want := position.ReplaceAll(exported(t, to), nil), position.ReplaceAll(file, nil); !bytes.Equal(got, want) || bytes.Count(want, []byte("\n")) != 5 {
				t.Errorf("exported again it is\n%s\nnot\n%s", got, want)
			}
		})
	}
}

// exported is what the command writes of user 1.
func exported(t *testing.T, api string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "products.ndjson")
	exports(t, "--url", api, "--user", "1", "--out", file, "--format", string(rows.NDJSON))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestExportWithSourcesComesBack: what was exported with its pictures, imported into an empty
// installation and exported again, is the same file; each picture is there as it was sent, and published.
func TestExportWithSourcesComesBack(t *testing.T) {
	t.Parallel()
	both := []shape{shapes()[0], shapes()[3]} // SQLite with files, PostgreSQL with S3
	for _, s := range both {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			from := systemtest.Client{T: t, URL: s.start(t)}
			pictures := [][]byte{imagingtest.Photo(300, 200, 21), imagingtest.Photo(200, 300, 22)}
			for i, content := range [][]byte{pictures[0], pictures[1], pictures[0]} {
				path := from.Create(fmt.Sprint("Lamp ", i), "https://vitrine.invalid/1.jpg")
				body, contentType := pictureForm(t, content, "A lamp")
				if got, answer := from.Do(http.MethodPost, path+"/images", map[string]string{"Content-Type": contentType}, body); got.StatusCode != http.StatusCreated {
					t.Fatalf("%d %s", got.StatusCode, answer)
				}
			}
			file := archived(t, from.URL)
			for _, target := range both {
				to := systemtest.Client{T: t, URL: target.start(t)}
				said, err := exec.CommandContext(t.Context(), systemtest.Build(t, systemtest.Program), "import", "--url", to.URL, "--user", "1", file).CombinedOutput()
				if code, ok := errors.AsType[*exec.ExitError](err); !ok || code.ExitCode() != 1 || !strings.Contains(string(said), "3 rows (3 created), 3 of 6 images ready, 3 failed") {
					t.Fatalf("%v: %s", err, said) // the images with URLs of no host have failed
				}
				for id, want := range [][]byte{pictures[0], pictures[1], pictures[0]} {
					path := fmt.Sprintf("/products/%d", id+1)
					p := to.Product(path)
					got, source := to.Do(http.MethodGet, fmt.Sprintf("%s/images/%d/source", path, p.Images[1].ID), nil, "")
					if got.StatusCode != http.StatusOK || !bytes.Equal(source, want) || p.Images[1].Status != "ready" {
						t.Errorf("the picture of %s: %d, %d bytes; %+v", path, got.StatusCode, len(source), p.Images[1])
					}
				}
				position := regexp.MustCompile(`evt_[0-9a-f]+_\d+`)
				if got, want := contents(t, archived(t, to.URL), position), contents(t, file, position); !reflect.DeepEqual(got, want) || len(got) != 4 {
					t.Errorf("exported again it is %v, not %v", got, want)
				}
			}
		})
	}
}

// archived is a file in which the command has put user 1 with the pictures.
func archived(t *testing.T, api string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "products.tar")
	if said := exports(t, "--url", api, "--user", "1", "--sources", "--out", file); !strings.Contains(said, "3 products, 2 pictures, ") {
		t.Fatal(said)
	}
	return file
}

// exports returns what the command says that exports. It is told to try again while a transaction of another test, in
// another database of the server, holds up the log of events.
func exports(t *testing.T, args ...string) string {
	t.Helper()
	for began := time.Now(); ; {
		said, err := exec.CommandContext(t.Context(), systemtest.Build(t, systemtest.Program), append([]string{"export"}, args...)...).CombinedOutput()
		if err == nil {
			return string(said)
		}
		if !strings.Contains(string(said), "is held up by a transaction; try again") || time.Since(began) > systemtest.Patience {
			t.Fatalf("%v: %s", err, said)
		}
	}
}

// contents are the entries of a tar, one after the other, but for what is without.
func contents(t *testing.T, file string, without *regexp.Regexp) (entries []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		content, err := io.ReadAll(io.MultiReader(strings.NewReader(h.Name+": "), r))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, string(without.ReplaceAll(content, nil)))
	}
}
