// Package fetch downloads source images from URLs that strangers wrote. It
// implements media.Fetcher.
//
// Requests are those of package safehttp, which says where they may lead; that
// is checked on every hop. Beyond its limits the time of the whole download and
// between two pieces of the body, the bytes of the body and the redirects are
// bounded. No content coding is asked for. Where a host sends gzip or deflate
// all the same, the limit of bytes holds for what came and for what each
// decoding makes of it.
//
// Hosts learn nothing: no cookies, no Referer, no credentials. A URL with
// credentials is refused.
//
// A redirect from https to http is followed: nothing secret is sent, and what
// comes back is treated as hostile either way. The Content-Type is not looked
// at: the type of a picture is found from its bytes.
//
// Failures carry a closed list of reasons and a sentence for the product's
// owner, which never names an address that a host resolved to. Status 404 and
// 410 and names that do not exist are source_not_found; 202, 206, 408, 425, 429
// and 5xx source_unreachable, with the host's Retry-After and whether the host
// or the URL is to blame; every other refusal source_forbidden. A URL that must
// not be requested (scheme, credentials, port, address) is address_blocked.
package fetch
