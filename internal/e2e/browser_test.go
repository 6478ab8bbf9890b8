package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/testserver"
)

// tab is one tab of a browser.
type tab struct {
	t   *testing.T
	url string // of the server
	ctx context.Context

	mu       sync.Mutex
	messages []string // on the console of the browser: refusals by a page's policy are among that
	begun    bool     // the browser

	late    func() int // nil, or how many looks have taken too long, by the server's log
	excused int        // messages for which that is the reason
}

// browsers has a place for each that runs: more of them keep one another from what they do in time.
var browsers = make(chan struct{}, 3)

// openTab opens a tab of a browser of the test's own for the server at the URL, when there is a place for it. A test
// has one browser.
func openTab(t *testing.T, url string) *tab {
	t.Helper()
	browsers <- struct{}{}
	t.Cleanup(func() { <-browsers })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testserver.Browser(t)), chromedp.ModifyCmdFunc(testserver.EndWhole),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	if os.Geteuid() == 0 { // which the browser's own sandbox refuses; the pages are ours
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, leave := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // of events that the library does not know
	t.Cleanup(func() { leave(); stop() })
	b := &tab{t: t, url: url, ctx: ctx}
	b.listen()
	b.do("grant the clipboard", chromedp.ActionFunc(func(ctx context.Context) error {
		return browser.GrantPermissions([]browser.PermissionType{browser.PermissionTypeClipboardReadWrite}).WithOrigin(url).Do(ctx)
	}))
	return b
}

// openTabIn opens another tab of the browser, with the page.
func openTabIn(b *tab, path string) *tab {
	b.t.Helper()
	ctx, leave := chromedp.NewContext(b.ctx)
	b.t.Cleanup(leave)
	other := &tab{t: b.t, url: b.url, ctx: ctx, late: b.late}
	other.listen()
	other.open(path)
	return other
}

// listen keeps what is written on the console.
func (b *tab) listen() {
	chromedp.ListenTarget(b.ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			var texts []string
			for _, a := range e.Args {
				texts = append(texts, string(a.Value))
			}
			b.message(fmt.Sprintf("%s: %s", e.Type, strings.Join(texts, " ")))
		case *runtime.EventExceptionThrown:
			b.message("exception: " + e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			b.message(fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	})
}

func (b *tab) message(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = append(b.messages, text)
}

// quiet asserts that nothing was written on the console since the last call, but what may be, and that a look took
// longer than it may where the server's log says so: a busy machine is not what this tests.
func (b *tab) quiet(after string, may ...string) {
	b.t.Helper()
	for _, m := range b.taken() {
		allowed := slices.ContainsFunc(may, func(part string) bool { return strings.Contains(m, part) })
		if !allowed && !(strings.Contains(m, "status of 503") && b.wasLate()) {
			b.t.Errorf("%s: the browser says: %s", after, m)
		}
	}
}

// taken returns what was written on the console since the last call.
func (b *tab) taken() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	messages := b.messages
	b.messages = nil
	return messages
}

// wasLate reports whether the server's log has a look that took too long, for which no message of this tab was excused
// yet. The log is read a moment later than the browser is answered.
func (b *tab) wasLate() bool {
	for end := time.Now().Add(5 * time.Second); b.late != nil && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if b.excused < b.late() {
			b.excused++
			return true
		}
	}
	return false
}

// browserPatience bounds every wait for the browser.
const browserPatience = time.Minute

func (b *tab) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	if !b.begun { // the first action starts the browser, which lives as long as its context
		ctx = b.ctx
		b.begun = true
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// open goes to a path.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.url+path), chromedp.WaitReady("main"))
}

// click clicks on what the selector finds first, and waits for another page.
func (b *tab) click(selector string) {
	b.t.Helper()
	for {
		_, err := chromedp.RunResponse(b.bounded(), chromedp.Click(selector, chromedp.ByQuery))
		if err != nil && strings.Contains(err.Error(), "Could not find node") { // the page has looked again meanwhile
			continue
		}
		if err != nil {
			b.t.Fatalf("click %s: %v", selector, err)
		}
		break
	}
	b.do("wait for the page", chromedp.WaitReady("main"))
}

func (b *tab) bounded() context.Context {
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	b.t.Cleanup(cancel)
	return ctx
}

// press presses keys.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.do("press "+key, chromedp.KeyEvent(key))
	}
}

// cookie is the one of that name that the browser has for the server, as a header has it.
func (b *tab) cookie(name string) (header string) {
	b.t.Helper()
	b.do("read the cookies", chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().WithURLs([]string{b.url + "/console"}).Do(ctx)
		for _, c := range cookies {
			if c.Name == name {
				header = c.Name + "=" + c.Value
			}
		}
		return err
	}))
	return header
}

// eval returns what an expression is on the page.
func eval[T any](b *tab, expression string) (value T) {
	b.t.Helper()
	b.do("evaluate "+expression, chromedp.Evaluate(expression, &value))
	return value
}

// says waits until the page has the text.
func (b *tab) says(text string) {
	b.t.Helper()
	b.matches(regexp.MustCompile(regexp.QuoteMeta(text)))
}

// matches waits until the page has what the expression describes.
func (b *tab) matches(text *regexp.Regexp) {
	b.t.Helper()
	deadline := time.Now().Add(browserPatience)
	for {
		var body string
		ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
		err := chromedp.Run(ctx, chromedp.Evaluate(`document.body ? document.body.innerText : ""`, &body))
		cancel()
		if err == nil && text.MatchString(body) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the page does not say %q, but (%v):\n%s", text, err, body)
		}
		select {
		case <-b.ctx.Done():
			b.t.Fatal("the browser has ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// shots names a folder for pictures of the pages; "": none are taken.
const shots = "VITRINE_SCREENSHOTS"

// widths are those of a phone, a laptop and a large screen.
func widths() []int64 { return []int64{390, 1280, 1920} }

// look opens a page at every width: it fits, and the browser has nothing to say. Pictures of it are
// written where a folder is named.
func (b *tab) look(name, path string) {
	b.t.Helper()
	b.lookAt(widths(), name, path)
}

// lookAt is look for some widths; the browser may say what has a part of may.
func (b *tab) lookAt(widths []int64, name, path string, may ...string) {
	b.t.Helper()
	for _, width := range widths {
		b.do("resize", chromedp.EmulateViewport(width, 900))
		b.open(path)
		if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
			b.t.Errorf("%s is %d px too wide at %d", path, over, width)
		}
		if folder := os.Getenv(shots); folder != "" {
			var picture []byte
			b.do("take a picture", chromedp.WaitReady("main"), chromedp.FullScreenshot(&picture, 100))
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, width)), picture, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
		b.quiet(fmt.Sprintf("%s at %d", path, width), may...)
	}
}
