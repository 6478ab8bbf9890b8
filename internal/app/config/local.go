package config

// LocalURL is where this machine reaches the API.
func (c Config) LocalURL() string {
	addr := c.HTTPAddr
	if addr.Host == "" || addr.Host == "0.0.0.0" || addr.Host == "::" {
		addr.Host = "localhost"
	}
	return "http://" + addr.String()
}
