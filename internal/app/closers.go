package app

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
)

// closers are what is open, in the order of opening.
type closers []namedCloser

type namedCloser struct {
	name string
	io.Closer
}

func (c *closers) add(name string, closer io.Closer) {
	*c = append(*c, namedCloser{name, closer})
}

// close closes in reverse order. An error is logged, not returned: the work is
// done by then.
func (c *closers) close(log *slog.Logger) {
	for _, open := range slices.Backward(*c) {
		if err := open.Close(); err != nil {
			log.Warn("not closed cleanly", "part", open.name, "error", err)
		}
	}
	*c = nil
}

// closeOnce is a listener whose server may have closed it already.
type closeOnce struct{ net.Listener }

func (c closeOnce) Close() error {
	if err := c.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
