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

// EndWhole has the end of the command's context end all that it starts as well: Debian's browser is a script that starts
// the program, and the program would live on.
func EndWhole(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
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
