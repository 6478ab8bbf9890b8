package sqlstore_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// transitions are all statements that write the status or the stage of an image,
// by their beginnings: each arrow of docs/image-states.md has one wording. A new
// statement belongs to imagesql/transitions.go, its arrow to that page, and its
// promise to the suite in storetest.
func transitions() []string {
	return []string{
		"sqlstore/imagesql/images.go: INSERT INTO images (stage, due_at,",
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = 0, due_at = {now} + $5,",    // reschedule
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = 0, due_at = {now} + $6,",    // retry
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = 0, due_at = {now},",         // endMessage
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = 2, dispatched_until = 0",    // unpublish
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = NULL, status = CASE status", // fail
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = NULL, refresh_error = ''",   // unchanged
		"sqlstore/imagesql/transitions.go: UPDATE images SET stage = new_stage, class = new_class,",
		"sqlstore/imagesql/transitions.go: UPDATE images SET status = 'ready', stage = NULL,", // complete
		"sqlstore/imagesql/transitions.go: UPDATE images SET status = '",                      // startOver
	}
}

var (
	writing = regexp.MustCompile("(?is)(?:\\bUPDATE\\b[^`]{0,40}\\bSET\\b|\\bINSERT INTO images\\b)[^`]*")
	written = regexp.MustCompile(`(?i)\b(status|stage)\s*(=|,)`)
)

// TestTransitions looks for other statements.
func TestTransitions(t *testing.T) {
	t.Parallel()
	var found []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/storetest/") ||
			!strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".sql") {
			return err
		}
		text, err := os.ReadFile("../" + path)
		if err != nil {
			return err
		}
		for _, statement := range writing.FindAllString(string(text), -1) {
			assigned, _, _ := strings.Cut(statement, "WHERE")
			if strings.HasPrefix(statement, "INSERT") {
				assigned, _, _ = strings.Cut(statement, ")")
			}
			if !written.MatchString(assigned) {
				continue
			}
			words := strings.Fields(assigned)
			found = append(found, path+": "+strings.Join(words, " "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	known := transitions()
	for _, statement := range found {
		i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(statement, k) })
		if i < 0 {
			t.Errorf("writes the status or the stage of an image, and is not known: %s", statement)
			continue
		}
		known = slices.Delete(known, i, i+1)
	}
	for _, k := range known {
		t.Errorf("is known, and gone: %s", k)
	}
}
