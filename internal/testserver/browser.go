package testserver

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Browse has a browser load the page, run its scripts and fetch what they ask for, and
// returns the document as it is then, and what was written on the console, one line each:
// refusals by the page's policy are among that. The browser resolves no names.
func Browse(tb testing.TB, url string) (document string, console []string) {
	tb.Helper()
	program := Browser(tb)
	args := []string{
		"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + tb.TempDir(),
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE " + loopback,
		"--enable-logging=stderr", "--dump-dom", "--virtual-time-budget=60000", url,
	}
	if os.Geteuid() == 0 { // which its own sandbox refuses; the page is ours
		args = append([]string{"--no-sandbox"}, args...)
	}
	cmd := exec.CommandContext(tb.Context(), program, args...)
	EndWhole(cmd)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s: %v\n%s", program, err, &log)
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	return out.String(), console
}

// whole runs "$@" to its end, and kills it with all that it has started once standard input closes.
const whole = `
exec 3<&0
{ cat <&3; kill -KILL 0; } >/dev/null 2>&1 &
watcher=$!
"$@" </dev/null 3<&-
status=$?
kill $watcher
exit $status
`

// EndWhole has all that the command starts end with its context, and with this process however that
// ends: Debian's browser is a script that starts the program, and only the script would be killed.
func EndWhole(cmd *exec.Cmd) {
	cmd.Args = append([]string{"/bin/sh", "-c", whole, "whole", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if _, err := cmd.StdinPipe(); err != nil {
		panic(err) // it has an input already, or runs
	}
}

// Browser returns the path of a browser that runs without a screen. Without one, or with -short, the
// test is skipped, or fails where everything is required.
func Browser(tb testing.TB) string {
	tb.Helper()
	skipShort(tb)
	program, err := browser()
	check(tb, err)
	return program
}

func browser() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome", "Chromium", "Google Chrome"} {
		if program, ok := lookup(name, "/Applications/*/Contents/MacOS"); ok {
			return program, nil
		}
	}
	return "", &missingError{"chromium", "chromium-headless-shell", "chromium"}
}
