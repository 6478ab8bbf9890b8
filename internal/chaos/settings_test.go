package chaos_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// settings are what the environment says of a run.
type settings struct {
	seed   uint64        // CHAOS_SEED: a number, or "clock"
	length time.Duration // CHAOS_MINUTES of load under faults
	defect string        // CHAOS_DEFECT: a defect of package systemtest, to be caught
	folder string        // CHAOS_DIR: where the logs of the processes stay
}

// The settings of the processes under test. Leases are short, so that a run of
// minutes sees each of them end many times.
const (
	jobLease     = 3 * time.Second
	cacheLease   = 3 * time.Second
	requeueAfter = time.Minute // what the broker lost is queued again after so long
	downloads    = 6           // of a worker at once
)

// The bounds that a run is held to. docs/reliability.md states them.
const (
	// settleBound is within what time after the last fault every image ends: a lost
	// message waits for requeueAfter, and a sweep and the work itself come on top.
	// Rendering alone is a matter of the machine: settleEach is added for each
	// image that is left when the load has ended.
	settleBound = requeueAfter + 60*time.Second
	settleEach  = 500 * time.Millisecond
	// staleBound is how old a read may be when invalidations cannot be
	// delivered: a lease, half a lease of a fill under way, and half a second
	// for a process that is not given a core.
	staleBound = cacheLease + cacheLease/2 + 500*time.Millisecond
	// recoverBound is how long after the return of the database the first
	// create may take to succeed.
	recoverBound = 15 * time.Second
)

func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{seed: 1, length: 2 * time.Minute, defect: os.Getenv("CHAOS_DEFECT"), folder: os.Getenv("CHAOS_DIR")}
	switch text := os.Getenv("CHAOS_SEED"); text {
	case "":
	case "clock":
		s.seed = uint64(time.Now().Unix())
	default:
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("CHAOS_SEED must be a number or clock: %v", err)
		}
		s.seed = seed
	}
	if text := os.Getenv("CHAOS_MINUTES"); text != "" {
		minutes, err := strconv.ParseFloat(text, 64)
		if err != nil || minutes <= 0 {
			t.Fatalf("CHAOS_MINUTES must be a positive number, not %q", text)
		}
		s.length = time.Duration(minutes * float64(time.Minute))
	}
	if s.folder == "" {
		s.folder = t.TempDir()
	} else if err := os.MkdirAll(s.folder, 0o750); err != nil {
		t.Fatal(err)
	}
	return s
}

// variant is the program, with a defect where one is wanted.
func (s settings) variant() systemtest.Variant {
	if s.defect == "" {
		return systemtest.Program
	}
	return systemtest.Defective(s.defect)
}
