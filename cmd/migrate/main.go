// Command migrate runs the migrate role; it is `vitrine migrate` by another name.
package main

import (
	"os"

	"vitrine.dev/internal/app"
)

func main() {
	os.Exit(app.Main(os.Stdout, os.Stderr, "migrate"))
}
