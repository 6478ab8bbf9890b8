package testserver

import (
	"fmt"
	"io"
	"net/http"
)

// call makes one request on a connection of its own, past any proxy of the
// environment, and turns an answer other than 2xx into an error.
func call(request *http.Request) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
	return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, response.Status, text)
}
