package sandbox

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/media"
)

// variable in the environment makes a process a child.
const variable = "VITRINE_RENDER_CHILD"

// IsChild reports whether this process was started to render.
func IsChild() bool { return os.Getenv(variable) != "" }

// Engine is what a child renders with; *imaging.Renderer is one.
type Engine interface {
	media.Renderer
	Engine() string
}

// Open makes the engine of a child, whose pictures a admits.
type Open func(cfg imaging.Config, a imaging.Admission, log *slog.Logger) (Engine, error)

// OpenImaging opens the engine that the configuration asks for.
func OpenImaging(cfg imaging.Config, a imaging.Admission, log *slog.Logger) (Engine, error) {
	r, err := imaging.New(cfg, log)
	if err != nil {
		return nil, err
	}
	return r.AdmittedBy(a), nil
}

// heavy is from how many pixels on the memory of a picture is given back to the
// system at once, and not when the collector comes to it.
const heavy = 4_000_000

// Serve runs a child: it renders what comes in until the parent is gone, and
// returns the exit code. Signals are left to the parent.
func Serve(in io.Reader, out io.Writer, open Open) int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c := &child{out: out, requests: make(chan frame), admitted: make(chan bool, 1)}
	go c.listen(in)
	if err := c.serve(open, log); err != nil {
		log.Error("render child ends", "error", err)
		return 1
	}
	return 0
}

type frame struct {
	kind    kind
	payload []byte
}

// child is the side of the pipes that renders.
type child struct {
	out      io.Writer
	requests chan frame
	admitted chan bool
	pixels   int64 // of the present picture
	dropped  bool  // there was no room for it
}

// listen reads all that comes, also while a picture is in work: when the parent
// is gone, a decoder that hangs must not keep this process.
func (c *child) listen(in io.Reader) {
	for {
		k, payload, err := readFrame(in, maxFrame) // the parent's lengths are right
		switch {
		case err != nil:
			syscall.Exit(0) // the only way out past a decoder that hangs
		case k == admit, k == full:
			c.admitted <- k == admit
		default:
			c.requests <- frame{k, payload}
		}
	}
}

func (c *child) serve(open Open, log *slog.Logger) error {
	first := <-c.requests
	var cfg imaging.Config
	if first.kind != configure {
		return fmt.Errorf("the first frame is %q", first.kind)
	}
	if err := json.Unmarshal(first.payload, &cfg); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	engine, err := open(cfg, c, log)
	found := engineInfo{}
	if err != nil {
		found.Error = err.Error()
	} else {
		found.Recipe, found.Engine = engine.Recipe(), engine.Engine()
	}
	text, encodeErr := json.Marshal(found)
	if encodeErr != nil {
		return fmt.Errorf("encode engine information: %w", encodeErr)
	}
	if err := errors.Join(err, writeFrame(c.out, ready, text)); err != nil {
		return err
	}
	for {
		f := <-c.requests
		if f.kind != render {
			return fmt.Errorf("unexpected frame %q", f.kind)
		}
		var preset media.Preset
		source, err := decodeHead(f.payload, &preset)
		if err != nil {
			return fmt.Errorf("read preset: %w", err)
		}
		c.pixels, c.dropped = 0, false
		answer, parts := outcome, encodeOutcome(engine.Render(context.Background(), preset, source))
		if c.dropped {
			answer, parts = dropped, nil
		}
		if err := writeFrame(c.out, answer, parts...); err != nil {
			return err
		}
		f.payload = nil // for the collector
		if c.pixels >= heavy {
			debug.FreeOSMemory()
		}
	}
}

// Enter implements imaging.Admission: the parent keeps the budget.
func (c *child) Enter(_ context.Context, pixels int64) (leave func(), err error) {
	c.pixels = pixels
	if err := writeFrame(c.out, cost, binary.BigEndian.AppendUint64(nil, uint64(max(pixels, 0)))); err != nil {
		return nil, err
	}
	if !<-c.admitted {
		c.dropped = true
		return nil, errFull
	}
	return func() {}, nil
}

// errFull ends the work on a picture that there is no room for now.
var errFull = errors.New("there is no room for the picture now")
