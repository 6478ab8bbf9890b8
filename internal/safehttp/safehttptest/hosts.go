package safehttptest

import (
	"strconv"
	"strings"
)

// ForbiddenHosts are hosts that must not be connected to, as written in a URL.
func ForbiddenHosts() []string {
	return []string{
		// Loopback, this network, private, shared, link-local, metadata.
		"127.0.0.1", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3",
		"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
		"100.64.0.1", "100.127.255.255", "100.100.100.200", "169.254.169.254", "169.254.170.2", "169.254.0.1",
		"168.63.129.16", "192.0.0.192",
		// Documentation, benchmarks, multicast, reserved, broadcast.
		"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.88.99.1",
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		// Other ways to write 127.0.0.1, 0.0.0.0 and 169.254.169.254.
		"2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "0177.0.0.1", "0177.0.0.01",
		"127.1", "127.0.1", "127.000.000.001", "127.0.0.01", "127.0.0.1.", "127.0.0.0x1", "0x7f.0x0.0x0.0x1",
		"0", "0x0", "0x", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "18446744073709551617",
		"127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1",
		"\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "\uff12\uff11\uff13\uff10\uff17\uff10\uff16\uff14\uff13\uff13",
		// IPv6: loopback, unspecified, embedded IPv4 of every kind.
		"[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]", "[::%25lo]", "[::1%25lo]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:0.0.0.0]",
		"[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::a00:1]",
		"[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2002:c0a8:1::1]", "[2001::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
		// IPv6: link-local, site-local, unique local, multicast, documentation, not assigned.
		"[fe80::1]", "[fe80::1%25lo]", "[fe80::1%25eth0]", "[fe80::1%251]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]",
		"[fd20:ce::254]", "[ff02::1]", "[ff0e::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]",
		"[2606:4700::1111%25eth0]",
	}
}

// ForbiddenNames are names that lead to such hosts.
func ForbiddenNames() map[string]Answer {
	return map[string]Answer{
		"localhost":        Addresses("127.0.0.1", "::1"),
		"loopback.test":    Addresses("127.0.0.1"),
		"loopback6.test":   Addresses("::1"),
		"both.test":        Addresses("127.0.0.1", "::1"),
		"any.test":         Addresses("0.0.0.0", "::"),
		"private.test":     Addresses("10.1.2.3", "192.168.1.1", "172.20.0.1"),
		"shared.test":      Addresses("100.64.1.1"),
		"metadata.test":    Addresses("169.254.169.254"),
		"metadata6.test":   Addresses("fd00:ec2::254"),
		"azure.test":       Addresses("168.63.129.16"),
		"mapped.test":      Addresses("::ffff:127.0.0.1"),
		"compatible.test":  Addresses("::127.0.0.1"),
		"translated.test":  Addresses("64:ff9b::7f00:1"),
		"sixtofour.test":   Addresses("2002:7f00:1::1"),
		"teredo.test":      Addresses("2001::7f00:1"),
		"linklocal.test":   Addresses("fe80::1"),
		"multicast.test":   Addresses("224.0.0.1", "ff02::1"),
		"broadcast.test":   Addresses("255.255.255.255"),
		"xn--bcher-kva.de": Addresses("127.0.0.1"),
		"1.2.3.4.nip.test": Addresses("127.0.0.1"),
	}
}

// ForbiddenURLs writes them all as URLs at the canary's port.
func (n *Network) ForbiddenURLs() []string {
	var urls []string
	port := ":" + strconv.Itoa(int(n.Canary.Port)) + "/image.jpg"
	for _, host := range ForbiddenHosts() {
		urls = append(urls, "http://"+host+port)
	}
	for name, a := range ForbiddenNames() {
		n.DNS.Put(name, a)
		urls = append(urls, "http://"+name+port, "http://"+strings.ToUpper(name)+"."+port, "https://"+name+port)
	}
	n.DNS.Put("xn--bcher-kva.de", Addresses("127.0.0.1"))
	return append(urls, "http://b\u00fccher.de"+port)
}
