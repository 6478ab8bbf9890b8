// Package fetch downloads source images from URLs that strangers wrote. It
// implements media.Fetcher.
//
// Where it connects. Unless Config.AllowPrivate is set, only to public unicast
// addresses and to the ports in Config.Ports. The address is checked at the
// moment of connecting, on every hop, so neither a redirect nor a name that
// changes its address between two look-ups gets past. No proxy is used, which
// would connect in our place. Hosts written as numbers in any other form than
// four decimals (0x7f.1, 2130706433, 0177.0.0.1) are refused unseen: resolvers
// disagree about what they mean.
//
// What it spends. The time of the whole download, of connecting, of TLS, until
// the header and between two pieces of the body, the bytes of header and body,
// the redirects, and the connections to one host are all bounded. It asks for
// no content coding. Where a host sends gzip or deflate all the same, the limit
// of bytes holds for what came and for what each decoding makes of it.
//
// What it tells. No cookies, no Referer, no credentials: a URL that carries
// some is refused. HTTP/1.1 only, where one connection serves one download and
// the limits above hold for each by itself.
//
// A redirect from https to http is followed: nothing secret is sent, and what
// comes back is treated as hostile either way. The Content-Type is not looked
// at: the type of a picture is found from its bytes.
//
// Failures carry a closed list of reasons and a sentence for the product's
// owner, which never names an address that a host resolved to. Status 404 and
// 410 and names that do not exist are source_not_found; 202, 206, 408, 425, 429
// and 5xx source_unreachable, with the host's Retry-After and whether the host
// or the URL is to blame; every other refusal source_forbidden. A URL that is none of ours to fetch (scheme, credentials,
// port, address) is address_blocked.
package fetch
