package products

import (
	"fmt"
	"strconv"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
)

// command is what does at a shell what a page shows or offers. It ends with the URL of a path of the API, where it has one.
type command struct{ ID, Label, Text, Path string }

// curlOf asks the API for the picture, does what the page offers to do with it, and asks for its source as
// the worker does, which follows so many redirects. At which URL the API is the browser knows, not the server: a proxy may be before it.
func curlOf(img catalog.Image, product int64, redirects int) []command {
	path := fmt.Sprintf("/products/%d/images/%d", product, img.ID)
	call := func(method string) string {
		return "curl" + method + " -H \"Authorization: Bearer $VITRINE_API_KEY\" \\\n  "
	}
	list := []command{{"curl-read", "What happened", call(""), path + "/attempts"}}
	switch img.Status {
	case catalog.Failed:
		list = append(list, command{"curl-do", "Retry", call(" -X POST"), path + "/replay"})
	case catalog.Ready:
		list = append(list, command{"curl-do", "Refresh", call(" -X POST"), path + "/refresh"})
	default:
	}
	if _, sent := imageurl.UploadOf(img.SourceURL); !sent {
		list = append(list, command{"curl-source", "The source, from where you are", "curl -sS -L --max-redirs " + strconv.Itoa(redirects) + " -D - -o /dev/null -H 'Accept: image/*' \\\n  " + quoted(img.SourceURL), ""})
	}
	return list
}

// quoted makes text stand for itself in a POSIX shell, whoever wrote it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
