// Command worker runs the worker role; it is `vitrine worker` by another name.
package main

import (
	"os"

	"vitrine.dev/internal/app"
)

func main() {
	os.Exit(app.Main(os.Stdout, os.Stderr, "worker"))
}
