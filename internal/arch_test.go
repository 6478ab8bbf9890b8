// Package internal_test holds the rules of the whole module: which way imports
// run, how small a main is, and which versions belong together.
package internal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The layers, lowest first. A package imports only from layers below its own,
// and from its own group.
const (
	leaf       = iota // errors, ids, delays: no imports but leaves
	port              // what the domain needs of the outside, and job
	owners            // auth: users, keys, who may do what
	products          // catalog
	pictures          // media, failures, installation and what they are made of
	collecting        // dispatch: hands images to the queue; gc: deletes stored files that nothing refers to; upload: takes pictures
	checking          // fsck: compares what the others keep, and repairs it; transfer: copies it; statistics: counts it
	engine            // general machinery below adapters, which knows no product: leaves only
	adapter           // to the outside; adapters never meet
	surface           // cli, and the client of the API it speaks with
	wiring            // app
	command           // cmd
)

var layers = map[string]int{
	"docs":           leaf,
	"internal/fault": leaf, "internal/requestid": leaf, "internal/failpoint": leaf, "internal/backoff": leaf, "internal/text": leaf, "internal/seats": leaf, "internal/recent": leaf, "internal/logbuffer": leaf, "internal/tracing": leaf, "internal/tracing/otlp": adapter,
	"internal/queue": port, "internal/cache": port, "internal/blob": port, "internal/job": port, "internal/events": port,
	"internal/processes": port, "internal/ratelimit": port,
	"internal/signing":      port,
	"internal/paging":       port,
	"internal/auth":         owners,
	"internal/progress":     owners,
	"internal/feed":         products,
	"internal/filtered":     products,
	"internal/catalog":      products,
	"internal/installation": pictures, "internal/monitor": pictures, "internal/media": pictures,
	"internal/failures": pictures, "internal/erasure": pictures, "internal/refresh": pictures, "internal/webhook": pictures, "internal/bulk": pictures,
	"internal/attempts": collecting, "internal/bulk/imports": collecting, "internal/dispatch": collecting, "internal/upload": collecting, "internal/gc": collecting, "internal/fsck": checking, "internal/transfer": checking, "internal/findings": checking, "internal/statistics": checking,
	"internal/sqldb": engine, "internal/httpkit": engine, "internal/safehttp": engine, "internal/expiry": engine,
	"internal/sqlstore": adapter, "internal/fetch": adapter, "internal/post": adapter, "internal/spool": adapter, "internal/imaging": adapter, "internal/testurls": adapter, "internal/metrics": adapter, "internal/httpapi": adapter, "internal/console": adapter,
	"internal/client": surface, "internal/cli": surface,
	"internal/app": wiring,
	"cmd":          command,
}

// The forms of the API, which its client shares, and nothing else of an adapter.
const wire = module + "internal/httpapi/wire"

const module = "vitrine.dev/"

// layerOf returns the layer of a package and its group: the folder that names
// the layer, or, below a port, the adapter's own folder.
func layerOf(path string) (layer int, group string, err error) {
	path = strings.TrimPrefix(path, module)
	for group = path; group != "."; group = filepath.Dir(group) {
		layer, known := layers[group]
		switch {
		case known && layer == port && group != path:
			below, _, _ := strings.Cut(strings.TrimPrefix(path, group+"/"), "/")
			return adapter, group + "/" + below, nil
		case known:
			return layer, group, nil
		}
	}
	return 0, "", fmt.Errorf("%s has no layer: give it one in internal/arch_test.go", path)
}

// forTests tells the packages that only tests import.
func forTests(path string) bool {
	for _, folder := range []string{"testserver", "systemtest", "e2e", "chaos", "burst", "fair", "bench", "cost", "growth", "interop", "catalogfake"} {
		if strings.Contains(path+"/", "/"+folder+"/") {
			return true
		}
	}
	return strings.HasSuffix(path, "test")
}

// forbidden says why a package may not import another, or nothing if it may.
func forbidden(from, to string) error {
	layer, group, err := layerOf(from)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(to, module) {
		return forbiddenOutside(layer, group, to)
	}
	toLayer, toGroup, err := layerOf(to)
	switch {
	case forTests(to):
		return errors.New("it is for tests only")
	case err != nil:
		return err
	case group == toGroup && layer != command:
		return nil
	case layer == command && toLayer != wiring:
		return errors.New("a command imports only app")
	case layer == leaf && toLayer == leaf:
		return errors.New("a leaf imports nothing of ours")
	case layer == engine && toLayer != leaf:
		return errors.New("general machinery knows errors, ids and delays only")
	case layer == adapter && toLayer == adapter:
		return errors.New("adapters never meet")
	case layer == surface && toLayer == adapter && to != wire:
		return errors.New("the command line knows of the adapters only the forms of the API")
	case layer == surface && toLayer == surface:
		if group == "internal/client" {
			return errors.New("the client knows no command")
		}
		return nil
	case toLayer >= layer:
		return errors.New("imports run one way: cmd, app, cli, adapters, engines, fsck, gc, media, catalog, ports, fault")
	}
	return nil
}

// The interface of OpenTelemetry, which package tracing wraps, and what all may import of it: values.
const openTelemetry = "go.opentelemetry.io/otel/"

var traceValues = []string{openTelemetry + "attribute", openTelemetry + "trace"}

// forbiddenOutside is forbidden for a package that is not of this module.
func forbiddenOutside(layer int, group, to string) error {
	external := strings.Contains(strings.Split(to, "/")[0], ".")
	switch {
	case strings.HasPrefix(to, openTelemetry) && (group == "internal/tracing" || slices.Contains(traceValues, to)):
		return nil
	case external && layer < engine && !strings.HasPrefix(to, "golang.org/x/"):
		return errors.New("the domain imports the standard library and its ports")
	case to == "database/sql" && group != "internal/sqldb" && group != "internal/sqlstore":
		return errors.New("only the stores speak SQL")
	case to == "testing":
		return errors.New("what helps tests lives in packages of its own")
	}
	return nil
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t, "-e", "-json=ImportPath,Imports") {
		if forTests(p.ImportPath) || p.ImportPath == module+"internal" {
			continue
		}
		for _, imported := range p.Imports {
			if err := forbidden(p.ImportPath, imported); err != nil {
				t.Errorf("%s imports %s: %v", p.ImportPath, imported, err)
			}
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/api", "internal/app", true},
		{"cmd/api", "internal/fault", false},
		{"internal/app", "internal/queue/rabbitmq", true},
		{"internal/app", "internal/testserver", false},
		{"internal/httpapi", "internal/catalog", true},
		{"internal/httpapi", "internal/sqlstore", false},
		{"internal/httpapi", "internal/queue/rabbitmq", false},
		{"internal/httpapi/products", "internal/httpkit", true},
		{"internal/httpkit", "internal/catalog", false},
		{"internal/sqldb", "internal/fault", true},
		{"internal/sqldb", "internal/media", false},
		{"internal/client", "internal/httpapi/wire", true},
		{"internal/client", "internal/httpapi", false},
		{"internal/cli", "internal/client", true},
		{"internal/client", "internal/cli", false},
		{"internal/cli", "internal/sqlstore", false},
		{"internal/app", "internal/cli", true},
		{"internal/queue/rabbitmq", "internal/queue", true},
		{"internal/queue/rabbitmq", "internal/queue/inprocess", false},
		{"internal/queue/rabbitmq", "internal/queue/rabbitmq/wire", true},
		{"internal/imaging", "internal/imaging/vips", true},
		{"internal/sqlstore", "internal/media", true},
		{"internal/media", "internal/catalog", true},
		{"internal/catalog", "internal/media", false},
		{"internal/media", "internal/imaging", false},
		{"internal/queue", "internal/catalog", false},
		{"internal/fault", "internal/requestid", false},
		{"internal/catalog", "internal/unheard", false},
	} {
		if err := forbidden(module+c.from, module+c.to); (err == nil) != c.allowed {
			t.Errorf("%s imports %s: allowed should be %t, got %v", c.from, c.to, c.allowed, err)
		}
	}
	for from, to := range map[string]string{
		"internal/catalog": "github.com/jackc/pgx/v5",
		"internal/httpapi": "database/sql",
		"internal/media":   "testing",
	} {
		if forbidden(module+from, to) == nil {
			t.Errorf("%s may import %s", from, to)
		}
	}
}

func TestMainsAreSmall(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob("../cmd/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"vitrine", "api", "worker", "migrate"} {
		if !slices.Contains(mains, filepath.Join("..", "cmd", command, "main.go")) {
			t.Errorf("cmd/%s/main.go is not there", command)
		}
	}
	for _, name := range mains {
		if filepath.Base(name) != "main.go" {
			t.Errorf("%s: a command is one main.go", name)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > 20 {
			t.Errorf("%s has %d lines, more than 20", name, lines)
		}
	}
}

// SQLite is translated C: it works only on the very libc that it was made for,
// while module resolution would take any newer one.
func TestSQLiteHasItsOwnLibc(t *testing.T) {
	t.Parallel()
	chosen := golist(t, "-m", "-f", "{{.Version}}", "modernc.org/libc")
	file := golist(t, "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite")
	text, err := os.ReadFile(strings.TrimSpace(string(file)))
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(text)
	if wanted == nil {
		t.Fatal("sqlite's go.mod names no libc")
	}
	if got := bytes.TrimSpace(chosen); !bytes.Equal(got, wanted[1]) {
		t.Errorf("modernc.org/libc is %s, sqlite was made for %s", got, wanted[1])
	}
}

func golist(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &stderr)
	}
	if len(out) == 0 {
		t.Fatal("go list names nothing")
	}
	return out
}
