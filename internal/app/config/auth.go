package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// AuthOn reports whether requests need an API key: unless AUTH says so, where others than
// this machine can reach it.
func (c Config) AuthOn() bool {
	return c.Auth == "on" || c.Auth == "" && !c.onLoopback()
}

// onLoopback reports whether every address that a process listens on is this machine's own.
func (c Config) onLoopback() bool {
	return c.HTTPAddr.loopback() && (c.AdminAddr.Off || c.AdminAddr.loopback())
}

// AdminProfiles reports whether profiles are served on ADMIN_ADDR: they cost the process time, and
// show its command line.
func (c Config) AdminProfiles() bool { return c.AdminPprof || c.AdminAddr.loopback() }

func (a Address) loopback() bool {
	ip, err := netip.ParseAddr(a.Host)
	return a.Host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// OwnHosts are the names, in lower case, by which the API may be asked without
// authentication, beside this machine's own.
func (c Config) OwnHosts() []string {
	var hosts []string
	for _, h := range c.AllowedHosts {
		hosts = append(hosts, strings.TrimSuffix(strings.ToLower(strings.TrimSpace(h)), "."))
	}
	if u, err := url.Parse(c.PublicBaseURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, strings.ToLower(u.Hostname()))
	}
	return hosts
}
