package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// urlForm is a variable whose value is one URL, as platforms provide it, in
// place of several plain variables.
type urlForm struct {
	name    string
	example string   // what follows scheme, user and password
	schemes []string // the first is for the example
	// replaces are the plain variables that must not be set as well.
	replaces []string
	// read returns the plain variables that the URL stands for. Its error
	// follows the variable's name and does not quote the URL.
	read func(u *url.URL) (map[string]string, error)
}

func urlForms() []urlForm {
	return []urlForm{
		{
			name: "DATABASE_URL", example: "host:5432/database?sslmode=verify-full",
			schemes:  []string{"postgres", "postgresql"},
			replaces: []string{"DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME"},
			read:     databaseURL,
		},
		{
			name: "REDIS_URL", example: "host:6379/0",
			schemes:  []string{"redis", "rediss"},
			replaces: []string{"REDIS_HOST", "REDIS_PORT", "REDIS_USER", "REDIS_PASSWORD", "REDIS_DB", "REDIS_TLS"},
			read:     redisURL,
		},
		{
			name: "AMQP_URL", example: "host:5672/vhost",
			schemes:  []string{"amqp", "amqps"},
			replaces: []string{"QUEUE_HOST", "QUEUE_PORT", "QUEUE_USER", "QUEUE_PASSWORD", "QUEUE_VHOST", "QUEUE_TLS"},
			read:     amqpURL,
		},
	}
}

// readURLs replaces each URL by the plain variables.
func (e *environment) readURLs() {
	for _, form := range urlForms() {
		if !e.has(form.name) {
			continue
		}
		values, err := form.parse(e.values[form.name])
		if err != nil {
			e.problem("%s %v", e.spelled(form.name), err)
		}
		conflicting := slices.DeleteFunc(slices.Sorted(maps.Keys(e.values)), func(name string) bool {
			_, inURL := values[name]
			return !inURL && !slices.Contains(form.replaces, name)
		})
		for _, name := range conflicting {
			e.problem("%s and %s must not both be set", e.spelled(form.name), e.spelled(name))
		}
		for name, value := range values {
			if value != "" && !e.has(name) {
				e.values[name], e.spelling[name] = value, e.spelled(form.name)
			}
		}
	}
}

// parse never quotes the text: net/url does, with the password.
func (f urlForm) parse(text string) (map[string]string, error) {
	example := f.schemes[0] + "://user:password@" + f.example
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("must be a URL such as %s, with @ : / ? # and %% in its password percent-encoded", example)
	}
	if !slices.Contains(f.schemes, u.Scheme) || u.Opaque != "" || u.Fragment != "" {
		return nil, fmt.Errorf("must be a URL such as %s (its scheme is one of %s)", example, strings.Join(f.schemes, ", "))
	}
	return f.read(u)
}

// readPort reads PORT, which platforms set for the process that is to listen
// there, on all interfaces.
func (e *environment) readPort() {
	port := e.values["PORT"]
	switch {
	case port == "":
	case e.has("HTTP_ADDR"):
		e.problem("%s and %s must not both be set", e.spelled("PORT"), e.spelled("HTTP_ADDR"))
	case !isPort(port):
		e.problem("%s must be a port number (1 to 65535)", e.spelled("PORT"))
	default:
		e.values["HTTP_ADDR"], e.spelling["HTTP_ADDR"] = ":"+port, e.spelled("PORT")
	}
}

// checkHosts rejects the variables of a server whose host is not set: the
// operator wants that server, and would get an embedded part whose data the
// platform may discard.
func (e *environment) checkHosts() {
	for _, server := range []struct {
		host, url string
		needs     []string
	}{
		{"DB_HOST", "DATABASE_URL", []string{
			"DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME", "DB_SSLMODE", "DB_SSLROOTCERT", "DB_PARAMS", "DB_MAX_CONNS", "DB_POOL_MODE",
		}},
		{"REDIS_HOST", "REDIS_URL", []string{"REDIS_PORT", "REDIS_USER", "REDIS_PASSWORD", "REDIS_DB", "REDIS_CLUSTER", "REDIS_TLS", "REDIS_CA_FILE"}},
		{"QUEUE_HOST", "AMQP_URL", []string{
			"QUEUE_PORT", "QUEUE_USER", "QUEUE_PASSWORD", "QUEUE_VHOST", "QUEUE_DRIVER", "QUEUE_TLS", "QUEUE_CA_FILE",
		}},
	} {
		if e.has(server.host) || e.has(server.url) {
			continue
		}
		for _, name := range server.needs {
			if e.has(name) {
				e.problem("%s needs %s (or %s): without it the embedded part is used", e.spelled(name), server.host, server.url)
			}
		}
	}
	// The variables of AWS are set for many other programs too: no reason to reject.
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if e.has(name) && !e.has("AWS_S3_BUCKET") {
			e.warn("variable ignored: without AWS_S3_BUCKET images are stored in DATA_DIR", "variable", e.spelled(name))
		}
	}
}
