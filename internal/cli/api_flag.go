package cli

import (
	"errors"
	"net/http"

	"vitrine.dev/internal/client"
)

// apiFlag is for commands that speak to the API of a running server.
type apiFlag struct {
	URL string `help:"Where the API listens; as HTTP_ADDR has it by default." placeholder:"URL"`
}

// client returns a client of the server that the flag or the configuration
// names.
func (f apiFlag) client(program Program) (*client.Client, error) {
	base, key, err := program.API(f.URL)
	if err != nil {
		return nil, err
	}
	return client.New(base, key), nil
}

// byAnswer returns the error of a request with the exit code for it.
func byAnswer(err error) error {
	switch answer, answered := errors.AsType[*client.Error](err); {
	case err == nil:
		return nil
	case answered && answer.Status == http.StatusUnprocessableEntity:
		return Usage(err)
	case client.IsTemporary(err):
		return Unavailable(err)
	default:
		return err
	}
}
