package fetch

import (
	"net/url"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// parse reads a URL or a redirect's Location. base is nil or the URL that the
// reference is relative to.
func parse(base *url.URL, reference string) (*url.URL, *fault.Failure) {
	if base == nil { // older versions stored it as it was written
		reference = catalog.CleanURL(reference)
	}
	u, err := url.Parse(reference)
	if err != nil { // which quotes the URL, with the secrets that may be in it
		return nil, fault.Fail(fault.AddressBlocked, "The URL is malformed.", nil)
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	return u, nil
}
