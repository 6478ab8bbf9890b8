package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
)

// fake is a Program that records what it was asked for and returns err.
type fake struct {
	called string
	wait   time.Duration
	check  Check
	err    error
	key    string // of the API

	missing int64
	report  *fsck.Report // of a check; nil: an empty one
}

func (f *fake) Serve(_ context.Context, _ Streams, role string) error {
	f.called = role
	return f.err
}

func (f *fake) Migrate(_ context.Context, _ Streams, wait time.Duration) error {
	f.called, f.wait = "migrate", wait
	return f.err
}

func (f *fake) LastRuns(context.Context, Streams) ([]gc.Run, error) {
	f.called = "last"
	report := *gc.NewReport([]gc.Finding{{Kind: gc.OrphanObject, What: "left behind", Count: 3}})
	at := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	part := *gc.NewReport(gc.Findings())
	part.Part = true
	return []gc.Run{
		{Task: gc.TaskCollector, By: "PROCESS", Place: 16, EndedAt: at, DueAt: at.Add(time.Hour), Report: part},
		{Task: gc.TaskFsck, By: "ann@host", Failure: "It was stopped.", EndedAt: at, Report: report},
		{Task: gc.TaskFsck, By: "ben@host", Took: 1500 * time.Millisecond, EndedAt: at.Add(-time.Hour), Report: report},
	}, f.err
}

func (f *fake) Check(_ context.Context, _ Streams, how Check) (*fsck.Report, error) {
	f.called, f.check = "fsck", how
	return cmp.Or(f.report, &fsck.Report{}), f.err
}

func (f *fake) Backup(context.Context, Streams, string) (Backup, error) {
	f.called = "backup"
	return Backup{Products: 3, Images: "data/images", Within: time.Hour}, f.err
}

func (f *fake) Copy(_ context.Context, _ Streams, target string, _ CopyProgress) (Copied, error) {
	f.called = "copy to " + target
	return Copied{Rows: map[string]int64{"products": 3, "images": 4}, Files: 5, Bytes: 6, Missing: f.missing}, f.err
}

func (f *fake) Restored(context.Context, Streams) error {
	f.called = "restored"
	return f.err
}

func (f *fake) Adopt(_ context.Context, _ Streams, part string) (bool, error) {
	f.called = "adopt " + part
	return part == "storage", f.err
}

func (f *fake) WithAccounts(_ context.Context, _ Streams, command string, use func(*auth.Accounts) error) error {
	f.called = command
	if f.err != nil {
		return f.err
	}
	return use(nil)
}

func (f *fake) API(given string) (url, key string, err error) { return given, f.key, f.err }

func TestCommands(t *testing.T) {
	t.Parallel()
	unavailable := fault.New(fault.Unavailable, "busy")
	for _, c := range []struct {
		args   string
		err    error
		called string
		code   int
		output string // is part of it
	}{
		{"", nil, "serve", 0, ""},
		{"api", nil, "api", 0, ""},
		{"worker", errors.New("broken"), "worker", 1, "vitrine: broken"},
		{"migrate --wait", nil, "migrate", 0, ""},
		{"migrate --wait=soon", nil, "", 64, "not a positive duration"},
		{"backup x.db", nil, "backup", 0, "everything in data/images, within ORPHAN_GRACE (1h0m0s)"},
		{"backup x.db", unavailable, "backup", 69, "busy"},
		{"backup x.db", context.Canceled, "backup", 69, ""},
		{"backup x.db", Usage(errors.New("a server's")), "backup", 64, "a server's"},
		{"copy --to target.env", nil, "copy to target.env", 0, "images 4, products 3"},
		{"copy --to target.env", nil, "copy to target.env", 0, "5 files, 6 bytes"},
		{"copy --to embedded:data", fault.New(fault.Conflict, "not empty"), "copy to embedded:data", 1, "not empty"},
		{"copy --to target.env", unavailable, "copy to target.env", 69, "busy"},
		{"copy", nil, "", 64, "--to"},
		{"fsck --grace=-1s", nil, "", 64, "--grace must not be negative"},
		{"fsck --repair --grace=1m --json", nil, "fsck", 0, `"findings"`},
		{"fsck --last", nil, "last", 0, "fsck, run by ann@host, ended at 2026-11-28T04:00:00Z after 0s; it did not compare everything: It was stopped."},
		{"fsck --last", nil, "last", 0, "fsck, run by ben@host, ended at 2026-11-28T03:00:00Z after 1.5s; it compared everything\nfinding"},
		{"fsck --last", nil, "last", 0, "The next is due at 2026-11-28T05:00:00Z."},
		{"fsck --last", nil, "last", 0, "it compared its part of the storage\nThe next"},
		{"fsck --last", nil, "last", 0, "collector, its last turns at 1 of 16 parts of the storage, of which the earliest ended at 2026-11-28T04:00:00Z\nfinding"},
		{"fsck --last --json", nil, "last", 0, `{"task":"fsck","clean":false,"compared_all":true,"by":"ben@host","repair":false,"ended_at":"2026-11-28T03:00:00Z","seconds":1.5,"checked":{},"findings":[{"kind":"orphan_object","text":"left behind","count":3,"repaired":0,"samples":[]}]`},
		{"fsck --last", errors.New("no database"), "last", 69, "fsck --last: no database"},
		{"fsck --last --repair", nil, "", 64, "can't be used together"},
		{"fsck --last --grace=1m", nil, "", 64, "can't be used together"},
		{"fsck --grace=1m --last --json", nil, "", 64, "can't be used together"},
		{"fsck", errors.New("no storage"), "fsck", 69, "not everything was checked: no storage"},
		{"restored", nil, "restored", 0, "new epoch"},
		{"restored", unavailable, "restored", 69, "busy"},
		{"adopt storage", nil, "adopt storage", 0, "The storage of this installation is the server that is configured here."},
		{"adopt cache", nil, "adopt cache", 0, "no server of its own"},
		{"adopt queue", unavailable, "adopt queue", 69, "busy"},
		{"adopt database", nil, "", 64, "must be one of"},
		{"users add ''", nil, "users", 64, "users: "},
		{"users list", Unavailable(errors.New("old")), "users", 69, "old"},
		{"dead-letters replay", nil, "", 1, "--all"},
		{"dead-letters list --since yesterday", nil, "", 1, "--since: must be a time"},
		{"help", nil, "", 64, ""},
		{"--help", nil, "", 0, "dead-letters replay"},
		{"version --json", nil, "", 0, `"platform"`},
	} {
		var out strings.Builder
		program := &fake{err: c.err}
		args := strings.Fields(strings.ReplaceAll(c.args, "''", "\x00"))
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "\x00", "")
		}
		if code := Run(t.Context(), program, Streams{Out: &out, Err: &out}, args...); code != c.code {
			t.Errorf("%q ends with %d, want %d: %s", c.args, code, c.code, &out)
		}
		if program.called != c.called || !strings.Contains(out.String(), c.output) {
			t.Errorf("%q ran %q and wrote %s", c.args, program.called, &out)
		}
	}
}

func TestFlagsReachTheProgram(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	program := &fake{}
	for args, ok := range map[string]func() bool{
		"migrate":                  func() bool { return program.wait == 0 },
		"migrate --wait":           func() bool { return program.wait == 2*time.Minute },
		"migrate --wait=10m":       func() bool { return program.wait == 10*time.Minute },
		"fsck":                     func() bool { return !program.check.Repair && program.check.Grace == nil },
		"fsck --repair --grace=0s": func() bool { return program.check.Repair && *program.check.Grace == 0 },
	} {
		if code := Run(t.Context(), program, Streams{Out: &out, Err: &out}, strings.Fields(args)...); code != 0 || !ok() {
			t.Errorf("%q: %d, %+v", args, code, program)
		}
	}
}

func TestFilterFlags(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	order, err := applyFlags{filterFlags: filterFlags{Host: "h", Since: "24h", Before: "2026-11-26T12:00:00+02:00"}, IDs: []string{"7", "message-8"}}.order(now)
	if err != nil || order.Filter.Host != "h" || !order.Filter.FailedAfter.Equal(now.Add(-24*time.Hour)) || !order.Filter.FailedBefore.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("order %+v, %v", order, err)
	}
	if strings.Join(order.IDs, " ") != "image-7 message-8" {
		t.Errorf("ids %q", order.IDs)
	}
}
