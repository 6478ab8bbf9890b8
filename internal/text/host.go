package text

import "strings"

// maxHostBytes is the length of the longest name of a host (RFC 1035) with a port.
const maxHostBytes = 259

// HostFault says what makes s unfit to be the host of a URL, with a port or not, "" for nothing. It is for what
// is looked for: other texts that no URL can have for a host find nothing.
func HostFault(s string) string {
	if s == "" || len(s) > maxHostBytes || strings.ContainsAny(s, "/ @?#") || StorageFault(s) != "" {
		return "must be the host of a URL, such as example.com"
	}
	return ""
}
