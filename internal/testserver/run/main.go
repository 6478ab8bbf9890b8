// Command run gives one shared set of test servers to a command:
//
//	go run ./internal/testserver/run -- go test ./...
package main

import (
	"context"
	"os"

	"vitrine.dev/internal/testserver"
)

func main() {
	os.Exit(testserver.Run(context.Background(), os.Stderr, os.Args[1:]))
}
