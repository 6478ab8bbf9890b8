package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

const (
	killedRows  = 400
	perRow      = 2         // images
	pictures    = 1000      // that are different
	mostGrowth  = 100 << 20 // of the memory of the process, above what it has when it is idle
	killsOfEach = 2         // in each phase
)

// TestImportKilled: a process that imports a file is killed at random instants while it receives
// it, checks it, writes the rows and fetches their images; in the end each row is there once with
// all of its images. IMPORT_ROWS makes it the full measurement, with the memory that it takes.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	rows := killedRows
	if text := os.Getenv("IMPORT_ROWS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("IMPORT_ROWS is %q", text)
		}
		rows = n
	}
	shapes := map[string]map[string]string{"SQLite": {}, "PostgreSQL": systemtest.OnlyPostgres(t)}
	systemtest.Run(t, "migrate", shapes["PostgreSQL"])
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newKilledImport(t, shape, rows)
			i.send()
			for _, phase := range []string{"validating", "writing", "images"} {
				i.kill(phase)
			}
			i.finish()
		})
	}
}

type killedImport struct {
	t        *testing.T
	p        *systemtest.Process
	c        systemtest.Client
	dice     *rand.Rand
	rows     int
	file     string
	path     string // of the import
	idle     int64  // bytes of the process
	most     int64
	kills    map[string]int
	accepted time.Time
}

type importNow struct {
	ID     int64  `json:"id"`
	State  string `json:"state"`
	Rows   struct{ Read, Created, Updated, Unchanged, Failed, Superseded int }
	Images struct{ Waiting, Ready, Failed int }
}

func newKilledImport(t *testing.T, shape map[string]string, rows int) *killedImport {
	t.Helper()
	const seed = 20
	env := maps.Clone(shape)
	env["DATA_DIR"], env["HTTP_ADDR"], env["LOG_LEVEL"] = t.TempDir(), testserver.Address(t), "warn"
	i := &killedImport{t: t, rows: rows, kills: map[string]int{}, dice: rand.New(rand.NewPCG(seed, uint64(rows)))}
	i.p = systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "serve", Env: env, OnLine: func([]byte) {}})
	i.c = systemtest.Client{T: t, URL: "http://" + env["HTTP_ADDR"]}
	i.p.Launch()
	systemtest.AwaitReady(t, i.c.URL)
	i.idle = i.p.Memory("VmRSS")
	source := smallPictures(t)
	var file strings.Builder
	for n := range rows {
		fmt.Fprintf(&file, `{"external_id":"SKU-%d","product_name":"Lamp %[1]d","product_price":9.99,"product_images":["%s/%d","%[2]s/%d"]}`+"\n",
			n, source, perRow*n, perRow*n+1)
	}
	i.file = file.String()
	return i
}

// smallPictures serves so many different pictures at any number of URLs.
func smallPictures(t *testing.T) string {
	t.Helper()
	picture := imagingtest.Photo(64, 48, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(systemtest.WithComment(picture, strconv.Itoa(n%pictures)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// restart kills the process and starts it again.
func (i *killedImport) restart(phase string) {
	i.t.Helper()
	i.most = max(i.most, i.p.Memory("VmHWM"))
	i.p.Kill()
	i.kills[phase]++
	if err := i.p.Start(); err != nil {
		i.t.Fatal(err)
	}
	systemtest.AwaitReady(i.t, i.c.URL)
}

// send sends the file until it is accepted; at first the process dies while it receives it.
func (i *killedImport) send() {
	i.t.Helper()
	const path = "/imports?user_id=1&error_policy=all"
	for range killsOfEach {
		read, write := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			req, err := http.NewRequestWithContext(i.t.Context(), http.MethodPost, i.c.URL+path, read)
			if err == nil {
				req.Header.Set("Content-Type", "application/x-ndjson")
				var resp *http.Response
				if resp, err = http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}
			_ = read.CloseWithError(io.ErrUnexpectedEOF)
			ended <- err
		}()
		part := i.dice.IntN(len(i.file))
		if _, err := io.WriteString(write, i.file[:part]); err != nil {
			i.t.Fatalf("the file was not received: %v", err)
		}
		i.restart("receiving")
		_ = write.CloseWithError(io.ErrUnexpectedEOF)
		if err := <-ended; err == nil {
			i.t.Fatal("a file that broke off was answered")
		}
	}
	_, answer := i.c.Do(http.MethodGet, "/imports", nil, "")
	if strings.Contains(string(answer), `"id"`) {
		i.t.Fatalf("there is an import of a file that broke off: %s", answer)
	}
	reply, answer := i.c.Do(http.MethodPost, path, map[string]string{"Content-Type": "application/x-ndjson"}, i.file)
	if reply.StatusCode != http.StatusAccepted {
		i.t.Fatalf("%d: %s", reply.StatusCode, answer)
	}
	i.accepted, i.path = time.Now(), reply.Header.Get("Location")
}

func (i *killedImport) now() (now importNow) {
	i.t.Helper()
	_, answer := i.c.Do(http.MethodGet, i.path, nil, "")
	i.c.Decode(answer, &now)
	return now
}

// kill kills the process at random instants of the phase, as long as it lasts.
func (i *killedImport) kill(phase string) {
	i.t.Helper()
	systemtest.Within(i.t, i.limit(), "the phase "+phase, func() bool { return i.now().State != before(phase) })
	for range killsOfEach {
		systemtest.Pause(i.t, 20*time.Millisecond+time.Duration(i.dice.IntN(i.rows))*20*time.Microsecond)
		if i.now().State != phase {
			return
		}
		i.restart(phase)
	}
}

func before(phase string) string {
	return map[string]string{"writing": "validating", "images": "writing"}[phase]
}

// limit is far above what the import takes.
func (i *killedImport) limit() time.Duration {
	return max(systemtest.Patience, time.Duration(i.rows)*100*time.Millisecond)
}

// finish waits for the end, and looks at every row.
func (i *killedImport) finish() {
	i.t.Helper()
	var now importNow
	systemtest.Within(i.t, i.limit(), "the end of the import", func() bool {
		now = i.now()
		return now.State == "completed" || now.State == "completed_with_errors" || now.State == "failed"
	})
	i.t.Logf("%d rows and %d images in %s, killed %v", i.rows, perRow*i.rows, time.Since(i.accepted).Round(time.Second), i.kills)
	if now.State != "completed" || now.Rows.Created != i.rows || now.Rows.Read != i.rows || now.Images.Ready != perRow*i.rows {
		i.t.Errorf("the import has ended as %+v", now)
	}
	i.each(i.path+"/results", func(row map[string]any) (key string, ok bool) {
		images, _ := row["images"].(map[string]any)
		return fmt.Sprint(row["external_id"]), row["outcome"] == "created" && images["ready"] == float64(perRow)
	})
	i.each("/exports?user_id=1", func(row map[string]any) (key string, ok bool) {
		images, _ := row["product_images"].([]any)
		return fmt.Sprint(row["external_id"]), len(images) == perRow
	})
	i.most = max(i.most, i.p.Memory("VmHWM"))
	i.t.Logf("the process had at most %d MB above the %d MB of an idle one", (i.most-i.idle)>>20, i.idle>>20)
	if i.most-i.idle > mostGrowth {
		i.t.Errorf("it had %d MB above that", (i.most-i.idle)>>20)
	}
}

// each wants every row of a file once among the lines at the path, and nothing else but lines that
// say where events follow.
func (i *killedImport) each(path string, look func(row map[string]any) (key string, ok bool)) {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), http.MethodGet, i.c.URL+path, http.NoBody)
	if err != nil {
		i.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	seen, bad := make(map[string]int), 0
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		row := map[string]any{}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			i.t.Fatalf("%s: %v", path, err)
		}
		if row["external_id"] == nil {
			continue
		}
		key, ok := look(row)
		if seen[key]++; !ok {
			if bad++; bad < 5 {
				i.t.Errorf("%s: %s", path, lines.Text())
			}
		}
	}
	lost, doubled := 0, 0
	for n := range i.rows {
		switch seen["SKU-"+strconv.Itoa(n)] {
		case 0:
			lost++
		case 1:
		default:
			doubled++
		}
	}
	i.t.Logf("%s: %d rows, lost %d, doubled %d", path, len(seen), lost, doubled)
	if lost+doubled > 0 || len(seen) != i.rows || lines.Err() != nil {
		i.t.Errorf("%s: %d rows of %d, lost %d, doubled %d, %v", path, len(seen), i.rows, lost, doubled, lines.Err())
	}
}
