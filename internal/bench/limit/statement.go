package limit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Statement is one that the program has run: its text, with $1 for the first parameter, and their values as literals.
type Statement struct {
	Text   string
	Values []string
}

// Statements returns what the program runs on the server in do, which must be the only one that uses it, in the order
// in which it did. The server's own log says it: https://www.postgresql.org/docs/current/runtime-config-logging.html
func (p *Postgres) Statements(t *testing.T, do func()) (list []Statement) {
	t.Helper()
	name := filepath.Join(p.Folder(), "data", "log", "all.csv")
	file, err := os.Open(name) //nolint:gosec // of the server
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p.log(t, "all")
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	do()
	p.log(t, "none")
	const message, detail = 13, 14
	for lines := csv.NewReader(file); ; {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, text, found := strings.Cut(line[message], ": "); found && strings.HasPrefix(line[message], "execute ") {
			list = append(list, Statement{Text: text, Values: literals(line[detail])})
		}
	}
}

// log has the server log such statements.
func (p *Postgres) log(t *testing.T, which string) {
	t.Helper()
	p.Exec(t, `ALTER SYSTEM SET log_statement = '`+which+`'`)
	p.Exec(t, `SELECT pg_reload_conf()`)
	p.Exec(t, `SELECT pg_sleep(0.5)`) // until all sessions know
}

// LogsStatements are the settings of a server that can tell what it runs.
func LogsStatements() []string {
	return []string{"logging_collector=on", "log_destination=csvlog", "log_filename=all.log", "log_file_mode=0644"}
}

// literals are the values in such as "parameters: $1 = '17', $2 = NULL".
func literals(detail string) (list []string) {
	for _, found := range regexp.MustCompile(`\$\d+ = ('(?:[^']|'')*'|NULL)`).FindAllStringSubmatch(detail, -1) {
		list = append(list, found[1])
	}
	return list
}

// Script writes a script of pgbench that runs the statement: set is what goes before it, and the values of some parameters
// may be its variables, such as ":id".
func (s Statement) Script(t *testing.T, set string, values map[int]string) (name string) {
	t.Helper()
	text := regexp.MustCompile(`\$\d+`).ReplaceAllStringFunc(s.Text, func(mark string) string {
		var n int
		if _, err := fmt.Sscanf(mark, "$%d", &n); err != nil || n > len(s.Values) {
			t.Fatalf("%s has no value: %v", mark, s.Values)
		}
		if value, ok := values[n]; ok {
			return value
		}
		return s.Values[n-1]
	})
	name = filepath.Join(t.TempDir(), "script.sql")
	text = regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")
	if err := os.WriteFile(name, []byte(set+"\n"+text+";\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
