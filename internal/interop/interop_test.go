package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// sources are in the repository, beside what the tools' own installers read.
const (
	sources     = "../../tools/interop"
	description = "../../docs/openapi.yaml"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// tool prepares a command of an installed tool, and skips the test without make interop.
func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getenv("VITRINE_INTEROP") == "" {
		t.Skip("it needs tools of npm and PyPI: make interop")
	}
	path, err := filepath.Abs(filepath.Join("../../.tools/interop", name))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	return cmd
}

// run runs it to a good end, shows and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	t.Logf("%s\n%s%s", strings.Join(cmd.Args, " "), out, &errors)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(cmd.Path), err)
	}
	return out
}

// TestRedocly wants nothing said by the recommended rules, neither as an error nor as a
// warning, which does not end the linter with a code. Two paths have a variable where the other
// has a word, /products/external/{external_id} and /products/{id}/images, and no method in common.
func TestRedocly(t *testing.T) {
	t.Parallel()
	var report struct {
		Totals struct{ Errors, Warnings *int }
	}
	out := run(t, tool(t, "node_modules/.bin/redocly", "lint", "--extends=recommended", "--skip-rule=no-ambiguous-paths", "--format=json", description))
	if err := json.Unmarshal(out, &report); err != nil || report.Totals.Errors == nil || report.Totals.Warnings == nil {
		t.Fatalf("the report cannot be read: %v", err)
	}
	if *report.Totals.Errors+*report.Totals.Warnings > 0 {
		t.Error("the linter found something")
	}
}

// TestSpectral runs the rules of OpenAPI with those of spectral.yaml.
func TestSpectral(t *testing.T) {
	t.Parallel()
	run(t, tool(t, "node_modules/.bin/spectral", "lint", "--fail-severity=hint", "--ruleset", sources+"/spectral.yaml", description))
}

// system is the program with AUTH=on, and a key of an administrator.
type system struct {
	url string
	key wire.CreatedKey
}

// shapes are the ways in which the program runs.
func shapes() map[string]func(*testing.T) system {
	return map[string]func(*testing.T) system{
		"embedded": func(t *testing.T) system {
			t.Helper()
			env := map[string]string{"DATA_DIR": t.TempDir(), "AUTH": "on"}
			url := systemtest.Start(t, "serve", env).URL()
			return newSystem(t, url, env)
		},
		"servers": func(t *testing.T) system {
			t.Helper()
			env := systemtest.SharedServers(t)
			env["AUTH"] = "on"
			systemtest.Run(t, "migrate", env)
			systemtest.Start(t, "worker", env)
			url := systemtest.Start(t, "api", env).URL()
			return newSystem(t, url, env)
		},
	}
}

func newSystem(t *testing.T, url string, env map[string]string) system {
	t.Helper()
	s := system{url: url}
	for line := range strings.Lines(systemtest.Run(t, "keys create --admin --name interop", env)) {
		if strings.HasPrefix(line, "vit_") {
			s.key.Secret = strings.TrimSpace(line)
		}
	}
	c := systemtest.Client{T: t, URL: url}
	reply, body := c.Do("GET", "/keys", map[string]string{"Authorization": "Bearer " + s.key.Secret}, "")
	var page wire.Page[wire.Key]
	c.Decode(body, &page)
	if len(page.Data) != 1 {
		t.Fatalf("GET /keys answered %d: %s", reply.StatusCode, body)
	}
	s.key.Key = page.Data[0]
	return s
}

// TestTypeScript: a client that is typed by the description passes the compiler, creates,
// reads, lists, changes and deletes.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	run(t, tool(t, "node_modules/.bin/openapi-typescript", description, "--output", "../../.tools/interop/api.d.ts"))
	for _, name := range []string{"client.ts", "tsconfig.json"} { // beside the packages that they import
		text, err := os.ReadFile(filepath.Join(sources, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("../../.tools/interop", name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, tool(t, "node_modules/.bin/tsc", "--project", "../../.tools/interop/tsconfig.json"))
	for name, start := range shapes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			cmd := exec.CommandContext(t.Context(), "node", "../../.tools/interop/built/client.js")
			cmd.Env = append(os.Environ(), "VITRINE_URL="+s.url, "VITRINE_API_KEY="+s.key.Secret)
			if out := run(t, cmd); !bytes.Contains(out, []byte("created, read, listed, changed, deleted")) {
				t.Error("the client did not get to its end")
			}
		})
	}
}

// TestSchemathesis sends requests that are right and wrong by the description to all
// operations, alone and in sequences: no answer with 5xx, none that is not described, no
// wrong request accepted, none answered without a key.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	for name, start := range shapes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			examples := os.Getenv("INTEROP_EXAMPLES")
			if examples == "" {
				examples = "100"
			}
			sources, err := filepath.Abs(sources)
			if err != nil {
				t.Fatal(err)
			}
			cmd := tool(t, "venv/bin/schemathesis", "--config-file", filepath.Join(sources, "schemathesis.toml"), "run", "--no-color",
				"--max-examples", examples, "--seed", strconv.Itoa(len(name)))
			cmd.Dir = t.TempDir() // it keeps what it has found
			s := start(t)
			cmd.Args = append(cmd.Args, "--header", "Authorization: Bearer "+s.key.Secret, s.url+"/openapi.json")
			cmd.Env = append(cmd.Env, "SCHEMATHESIS_HOOKS=hooks", "PYTHONPATH="+sources, "PYTHONDONTWRITEBYTECODE=1",
				fmt.Sprintf("INTEROP_KEY_ID=%d", s.key.ID), fmt.Sprintf("INTEROP_USER_ID=%d", s.key.UserID))
			run(t, cmd)
		})
	}
}
