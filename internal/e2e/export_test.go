package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"vitrine.dev/internal/bulk/rows"
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
	said, err := exec.CommandContext(t.Context(), systemtest.Build(t, systemtest.Program), "export", "--url", api, "--user", "1", "--out", file, "--format", string(rows.NDJSON)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
