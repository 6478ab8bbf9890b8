package media

import (
	"net"
	"net/url"
	"strings"
)

// SourceHost returns the host that an image's URL names: lower case, with the
// port where it is not the scheme's own. "" for a URL that has none.
func SourceHost(source string) string {
	u, err := url.Parse(source)
	if err != nil {
		return ""
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	standard := map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	if host == "" || port == "" || port == standard {
		return host
	}
	return net.JoinHostPort(host, port)
}
