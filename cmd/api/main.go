// Command api runs the api role; it is `vitrine api` by another name.
package main

import (
	"os"

	"vitrine.dev/internal/app"
)

func main() {
	os.Exit(app.Main(os.Stdout, os.Stderr, "api"))
}
