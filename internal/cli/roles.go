package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"
)

type (
	serveCommand   struct{}
	apiCommand     struct{}
	workerCommand  struct{}
	migrateCommand struct {
		Wait waitFlag `help:"Wait for a database that cannot be reached yet: two minutes, or as long as given (--wait=10m)." placeholder:"DURATION"`
	}
)

// Run runs API and worker in one process.
func (serveCommand) Run(ctx context.Context, program Program, to Streams) error {
	return program.Serve(ctx, to, "serve")
}

// Run runs the HTTP API.
func (apiCommand) Run(ctx context.Context, program Program, to Streams) error {
	return program.Serve(ctx, to, "api")
}

// Run runs an image worker.
func (workerCommand) Run(ctx context.Context, program Program, to Streams) error {
	return program.Serve(ctx, to, "worker")
}

// Run brings the schema up to date.
func (m migrateCommand) Run(ctx context.Context, program Program, to Streams) error {
	return program.Migrate(ctx, to, time.Duration(m.Wait))
}

const defaultWait = 2 * time.Minute

// waitFlag is a duration whose value may be left out.
type waitFlag time.Duration

// IsBool tells kong that the flag needs no value.
func (waitFlag) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (w *waitFlag) Decode(ctx *kong.DecodeContext) error {
	*w = waitFlag(defaultWait)
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := parseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a positive duration such as 30s", text)
	}
	*w = waitFlag(d)
	return nil
}

// Greet tells the person who started the whole program in one process where it
// listens, and what to try: with an API key, where one is needed.
func Greet(w io.Writer, url string, keys bool) {
	key := ""
	if keys {
		key = ` -H "Authorization: Bearer $KEY"`
	}
	fmt.Fprintf(w, `
Vitrine listens on %[1]s

  Create a product:
    curl -i %[1]s/products%[2]s -H 'Content-Type: application/json' -d '{
      "user_id": 1, "product_name": "Smartphone", "product_price": 999.99,
      "product_description": "Latest model with advanced features",
      "product_images": ["https://www.gstatic.com/webp/gallery/1.jpg"]}'

  See its pictures become ready:   curl%[2]s %[1]s/products/1
  All products:                    curl%[2]s '%[1]s/products?user_id=1'
  The API, to read and try:        %[1]s/docs
  What goes on, in the browser:    %[1]s/console

  Ctrl-C stops it; what was accepted goes on at the next start.

`, url, key)
}
