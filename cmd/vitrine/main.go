// Command vitrine is the product-management backend: every role in one
// program. `vitrine serve`, its default, runs all of them in one process.
package main

import (
	"os"

	"vitrine.dev/internal/app"
)

func main() {
	os.Exit(app.Main(os.Stdout, os.Stderr, os.Args[1:]...))
}
