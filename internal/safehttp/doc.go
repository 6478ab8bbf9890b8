// Package safehttp makes HTTP requests to URLs that strangers wrote: sources of
// images.
//
// Where it connects. Unless Config.AllowPrivate is set, only to public unicast
// addresses and to the ports in Config.Ports. The address is checked at the
// moment of connecting, for every connection, so neither a redirect nor a name
// that changes its address between two look-ups gets past. No proxy is used,
// which would connect in our place. Hosts written as numbers in any other form
// than four decimals (0x7f.1, 2130706433, 0177.0.0.1) are refused unseen:
// resolvers disagree about what they mean.
//
// What it spends. The time of connecting, of TLS and until the header, the
// bytes of the header and the connections to one host are bounded. HTTP/1.1
// only, where one connection serves one request and the limits hold for each by
// itself. The time of the whole exchange and the size of the body are the
// caller's to bound, and redirects are the caller's to follow.
package safehttp
