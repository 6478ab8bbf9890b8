package config

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vitrine.dev/internal/testserver"
)

func TestURLsStandForTheirParts(t *testing.T) {
	t.Parallel()
	ca := certificateFile(t)
	for text, c := range map[string]struct {
		name string
		want func(*Config) // what the URL gives, over the defaults
	}{
		"postgres://shop:p%40ss%2F%3A%25@db.example:5433/goods?sslmode=require": {"DATABASE_URL", func(c *Config) {
			c.DBHost, c.DBPort, c.DBUser, c.DBPassword, c.DBName, c.DBSSLMode = "db.example", 5433, "shop", "p@ss/:%", "goods", "require"
		}},
		"postgresql://shop@[::1]": {"DATABASE_URL", func(c *Config) { c.DBHost, c.DBUser, c.DBName = "::1", "shop", "shop" }},
		"postgres://db/a%20b?options=-c%20x=1+1": {"DATABASE_URL", func(c *Config) {
			c.DBHost, c.DBName, c.DBParams = "db", "a b", "options=-c+x%3D1%2B1"
		}},
		"postgres:///goods?host=/run/postgresql": {"DATABASE_URL", func(c *Config) {
			c.DBHost, c.DBName = "/run/postgresql", "goods"
		}},
		"postgres://shop:x@db/goods?connect_timeout=3&application_name=a%20b&sslrootcert=" + ca: {"DATABASE_URL", func(c *Config) {
			c.DBHost, c.DBUser, c.DBPassword, c.DBName = "db", "shop", "x", "goods"
			c.DBRootCert, c.DBSSLMode, c.DBParams = ca, "verify-full", "application_name=a+b&connect_timeout=3"
		}},
		"postgres://u:p@pool/d?pgbouncer=true": {"DATABASE_URL", func(c *Config) {
			c.DBHost, c.DBUser, c.DBPassword, c.DBName, c.DBPoolMode = "pool", "u", "p", "d", "transaction"
		}},
		"redis://cache":              {"REDIS_URL", func(c *Config) { c.RedisHost = "cache" }},
		"redis://:s3cret@cache:6380": {"REDIS_URL", func(c *Config) { c.RedisHost, c.RedisPort, c.RedisPassword = "cache", 6380, "s3cret" }},
		"rediss://shop:s3cret@cache/7": {"REDIS_URL", func(c *Config) {
			c.RedisHost, c.RedisUser, c.RedisPassword, c.RedisDB, c.RedisTLS = "cache", "shop", "s3cret", 7, true
		}},
		"redis://cache?db=2": {"REDIS_URL", func(c *Config) { c.RedisHost, c.RedisDB = "cache", 2 }},
		"amqp://broker":      {"AMQP_URL", func(c *Config) { c.QueueHost = "broker" }},
		"amqp://shop:p%2Fw@broker:5673/": {"AMQP_URL", func(c *Config) {
			c.QueueHost, c.QueuePort, c.QueueUser, c.QueuePassword = "broker", 5673, "shop", "p/w"
		}},
		"amqps://shop:pw@broker/%2fshop": {"AMQP_URL", func(c *Config) {
			c.QueueHost, c.QueuePort, c.QueueUser, c.QueuePassword, c.QueueVHost, c.QueueTLS = "broker", 5671, "shop", "pw", "/shop", true
		}},
		"amqps://broker/v?cacertfile=" + ca: {"AMQP_URL", func(c *Config) {
			c.QueueHost, c.QueuePort, c.QueueVHost, c.QueueTLS, c.QueueCAFile = "broker", 5671, "v", true, ca
		}},
		"9000":              {"PORT", func(c *Config) { c.HTTPAddr = Address{Port: "9000"} }},
		"http://s3.example": {"AWS_ENDPOINT_URL", func(c *Config) { c.S3Endpoint, c.S3AnyEndpoint = "http://s3.example", "http://s3.example" }},
		"eu-north-1":        {"AWS_DEFAULT_REGION", func(c *Config) { c.S3Region, c.S3DefaultRegion = "eu-north-1", "eu-north-1" }},
	} {
		want := parsed(t, nil)
		c.want(&want)
		for form, variables := range map[string]map[string]string{
			"plain": {c.name: text},
			"file":  {c.name + "_FILE": valueFile(t, text+"\n")},
		} {
			got := parsed(t, variables)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s (%s) %s is read as %+v", c.name, form, text, got)
			}
		}
	}
}

// parsed is the configuration without what is reported of it.
func parsed(t *testing.T, variables map[string]string) Config {
	t.Helper()
	cfg, err := Parse(variables)
	if err != nil {
		t.Fatalf("%v: %v", variables, err)
	}
	cfg.notices, cfg.origins, cfg.redisTLS, cfg.queueTLS = nil, nil, nil, nil
	return cfg
}

func TestURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, name := range map[string]string{
		"postgres://shop:hunter2@db:port/x":              "DATABASE_URL",
		"postgres://shop:hunter2#x@db/x":                 "DATABASE_URL", // not encoded: the host would be shop
		"postgres://shop:hunter2 x@db/x":                 "DATABASE_URL",
		"postgres://shop:hunter2@db:0/x":                 "DATABASE_URL",
		"postgres://shop:hunter2@a:5432,b:5432/x":        "DATABASE_URL",
		"postgres://shop:hunter2@/x":                     "DATABASE_URL",
		"postgres:shop:hunter2@db":                       "DATABASE_URL",
		"mysql://shop:hunter2@db/x":                      "DATABASE_URL",
		"sqlite:///hunter2.db":                           "DATABASE_URL",
		"host=db password=hunter2":                       "DATABASE_URL",
		"postgres://shop:x@db/x?hunter2=1":               "DATABASE_URL",
		"postgres://shop:x@db/x?sslmode=hunter2":         "DATABASE_URL",
		"postgres://shop:x@db/x?sslrootcert=/no/hunter2": "DATABASE_URL",
		"postgres://shop:hunter2@db/x?sslmode=%zz":       "DATABASE_URL",
		"redis://:hunter2@cache?db=%zz":                  "REDIS_URL",
		"amqp://:hunter2@mq?a;b=c":                       "AMQP_URL",
		"http://:hunter2@cache":                          "REDIS_URL",
		"redis://:hunter2@cache/first":                   "REDIS_URL",
		"redis://:x@cache/-1":                            "REDIS_URL",
		"redis://:x@cache?hunter2=1":                     "REDIS_URL",
		"redis://:hunter2@":                              "REDIS_URL",
		"cache:hunter2":                                  "REDIS_URL",
		"kafka://u:hunter2@broker":                       "AMQP_URL",
		"amqp://u:hunter2@broker?heartbeat=1":            "AMQP_URL",
		"amqp://u:hunter2@broker?cacertfile=/x":          "AMQP_URL",
		"amqp://u:hunter2@:1":                            "AMQP_URL",
		"hunter2":                                        "PORT",
		"0":                                              "PORT",
		"65536":                                          "PORT",
		":80":                                            "PORT",
	} {
		for _, variables := range []map[string]string{{name: text}, {name + "_FILE": valueFile(t, text)}} {
			_, err := Parse(variables)
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s=%s: %v", name, text, err)
			}
		}
	}
}

func TestTwoFormsOfOneSetting(t *testing.T) {
	t.Parallel()
	file := valueFile(t, "x")
	for _, c := range []map[string]string{
		{"DATABASE_URL": "postgres://u@h/d", "DB_HOST": "h"},
		{"DATABASE_URL": "postgres://u@h/d", "DB_PASSWORD": "x"}, // which the URL lacks
		{"DATABASE_URL": "postgres://u@h/d", "DB_PASSWORD_FILE": file},
		{"DATABASE_URL": "postgres://u@h/d?sslmode=require", "DB_SSLMODE": "disable"},
		{"DATABASE_URL": "postgres://u@h/d?connect_timeout=1", "DB_PARAMS": "application_name=x"},
		{"REDIS_URL": "redis://h", "REDIS_DB": "1"},
		{"REDIS_URL": "redis://h", "REDIS_TLS": "true"},
		{"AMQP_URL": "amqp://h", "QUEUE_VHOST": "v"},
		{"AMQP_URL": "amqps://h?cacertfile=" + certificateFile(t), "QUEUE_CA_FILE": certificateFile(t)},
		{"DATABASE_URL": "postgres://u@h/d?pgbouncer=true", "DB_POOL_MODE": "session"},
		{"PORT": "80", "HTTP_ADDR": ":80"},
		{"DB_PASSWORD": "x", "DB_PASSWORD_FILE": file},
		{"AWS_SECRET_ACCESS_KEY": "x", "AWS_SECRET_ACCESS_KEY_FILE": file},
		{"REDIS_URL": "redis://h", "REDIS_URL_FILE": file},
	} {
		_, err := Parse(c)
		for name := range c {
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "both") {
				t.Errorf("%v: %v", c, err)
			}
		}
	}
	// What a URL does not say may stand beside it.
	for _, c := range []map[string]string{
		{"DATABASE_URL": "postgres://u@h/d", "DB_SSLMODE": "require", "DB_MAX_CONNS": "4", "DB_HOST": ""},
		{"REDIS_URL": "redis://h", "REDIS_PREFIX": "shop:", "REDIS_CA_FILE": certificateFile(t)},
		{"AMQP_URL": "amqp://h", "QUEUE_DEPTH": "7"},
	} {
		parsed(t, c)
	}
}

func TestValuesFromFiles(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"s3cret", "s3cret"}, {"s3cret\n", "s3cret"}, {"s3cret\r\n", "s3cret"}, {" s3 cret \n\n", " s3 cret \n"}, {"a=b#c'\"", "a=b#c'\""},
	} {
		text, want := c[0], c[1]
		got := parsed(t, map[string]string{"DB_HOST": "db", "DB_PASSWORD_FILE": valueFile(t, text)})
		if got.DBPassword != want {
			t.Errorf("%q is read as %q, want %q", text, got.DBPassword, want)
		}
	}
	for reason, path := range map[string]string{
		"no such file": "/no/such/hunter2", "empty": valueFile(t, ""), "a directory": t.TempDir(),
		"larger than": valueFile(t, strings.Repeat("hunter2", 10_000)),
	} {
		for _, name := range []string{"DB_PASSWORD_FILE", "AWS_SESSION_TOKEN_FILE", "PORT_FILE"} {
			_, err := Parse(map[string]string{"DB_HOST": "db", name: path})
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s of a file that is %s: %v", name, reason, err)
			}
		}
	}
}

func TestAServersVariablesWithoutTheServer(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"DB_USER": "shop", "DB_PASSWORD": "hunter2", "DB_NAME": "goods", "DB_PORT": "5432", "DB_SSLMODE": "require", "DB_MAX_CONNS": "9",
		"REDIS_PASSWORD": "hunter2", "REDIS_USER": "shop", "REDIS_DB": "1", "REDIS_TLS": "true", "REDIS_CA_FILE": certificateFile(t),
		"QUEUE_USER": "shop", "QUEUE_PASSWORD": "hunter2", "QUEUE_VHOST": "v", "QUEUE_DRIVER": "rabbitmq", "QUEUE_TLS": "1",
		"DB_PASSWORD_FILE": valueFile(t, "hunter2"),
	} {
		_, err := Parse(map[string]string{name: value})
		if err == nil || !strings.Contains(err.Error(), name+" needs ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s alone: %v", name, err)
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		got := warned(t, map[string]string{name: "http://x", "AWS_SECRET_ACCESS_KEY": map[bool]string{true: "hunter2"}[name == "AWS_ACCESS_KEY_ID"]})
		if _, ok := got[name]; !ok {
			t.Errorf("%s without a bucket is not reported", name)
		}
	}
}

// warned is what is reported at start, by variable: the name that was meant.
func warned(t *testing.T, variables map[string]string) map[string]string {
	t.Helper()
	cfg, err := Parse(variables)
	if err != nil {
		t.Fatalf("%v: %v", variables, err)
	}
	got := map[string]string{}
	for _, n := range cfg.notices {
		if n.level < slog.LevelWarn {
			continue
		}
		meant := ""
		if len(n.args) == 4 {
			meant, _ = n.args[3].(string)
		}
		name, _ := n.args[1].(string)
		got[name] = meant
		if value := variables[name]; strings.Contains(n.message, value) {
			t.Errorf("the value of %s is logged: %s", name, n.message)
		}
	}
	return got
}

func TestNamesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	unknown := map[string]string{
		"DB_HOTS": "DB_HOST", "DB_PASS": "DB_PASSWORD", "DB_USERNAME": "DB_USER", "DB_PASSWORD_FIEL": "DB_PASSWORD", "DB_DATABASE": "DB_NAME",
		"BD_HOST": "DB_HOST", "DATABASE_URI": "DATABASE_URL", "DATABSE_URL": "DATABASE_URL", "DB_URL": "DATABASE_URL",
		"REDIS_PASWORD": "REDIS_PASSWORD", "REDIS_TLS_URL": "REDIS_URL", "REDIS_SOMETHING": "",
		"QUEUE_PASWORD_FILE": "QUEUE_PASSWORD", "QUEUE_URL": "AMQP_URL", "AMQP_URI": "AMQP_URL", "RABBITMQ_URL": "AMQP_URL",
		"AWS_S3_BUCKT": "AWS_S3_BUCKET", "S3_BUCKET": "AWS_S3_BUCKET", "AWS_S3_ENDPOINT": "AWS_ENDPOINT_URL_S3", "AWS_REGOIN": "AWS_REGION",
		"JOB_MAX_ATEMPTS": "JOB_MAX_ATTEMPTS", "IMAGE_MAX_PIXEL": "IMAGE_MAX_PIXELS", "IMAGE_QUALITY": "", "FETCH_TIMOUT": "FETCH_TIMEOUT",
		"WORKER_DOWNLODS": "WORKER_DOWNLOADS", "HTTP_ADR": "HTTP_ADDR", "PUBLIC_BASEURL": "PUBLIC_BASE_URL", "LOG_LEVL": "LOG_LEVEL",
		"VITRINE_APIKEY": "VITRINE_API_KEY", "RATE_LIMIT_PER_KY": "RATE_LIMIT_PER_KEY", "AUTHENTICATION": "AUTH",
	}
	for name, meant := range unknown {
		if got, ok := warned(t, map[string]string{name: "hunter2"})[name]; !ok || got != meant {
			t.Errorf("%s: reported %v, meant %q, want %q", name, ok, got, meant)
		}
	}
	others := map[string]string{
		"HOME": "/root", "PATH": "/bin", "HTTP_PROXY": "http://p", "HTTPS_PROXY": "http://p", "LOG_DIR": "/x", "DATA": "x", "WORKER_ID": "3",
		"AWS_PROFILE": "x", "AWS_ENDPOINT_URL_SES": "http://x", "AWS_ENDPOINT_URL_STS": "http://x", "AWS_ROLE_ARN": "x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
		"POSTGRES_PASSWORD": "x", "PGHOST": "x", "HOSTNAME": "x", "SHELL": "sh", "SORT": "x", "PORT": "81",
		// Kubernetes and Docker, for services called redis, db, queue, db-postgres
		"REDIS_SERVICE_HOST": "10.0.0.1", "REDIS_SERVICE_PORT": "6379", "REDIS_SERVICE_PORT_REDIS": "6379", "REDIS_PORT": "tcp://10.0.0.1:6379",
		"REDIS_PORT_6379_TCP": "tcp://10.0.0.1:6379", "REDIS_PORT_6379_TCP_ADDR": "10.0.0.1", "REDIS_PORT_6379_TCP_PROTO": "tcp",
		"DB_PORT": "tcp://172.17.0.5:5432", "DB_NAME": "/web/db", "DB_ENV_PGDATA": "/x", "DB_POSTGRES_PORT": "tcp://10.0.0.2:5432",
		"QUEUE_PORT": "udp://10.0.0.3:5672", "VITRINE_API_SERVICE_HOST": "10.0.0.4", "VITRINE_API_PORT": "tcp://10.0.0.4:80", "VITRINE_TEST_REQUIRE": "1",
	}
	if got := warned(t, others); len(got) > 0 {
		t.Errorf("reported although not ours: %v", got)
	}
	others["DB_HOST"], others["REDIS_HOST"], others["QUEUE_HOST"] = "db", "redis", "queue"
	if got := parsed(t, others); got.DBPort != 5432 || got.DBName != "vitrine" || got.RedisPort != 6379 || got.QueuePort != 5672 {
		t.Errorf("a link was taken for a setting: %+v", got)
	}
	for _, name := range knownNames() {
		for _, spelled := range []string{name, name + "_FILE"} {
			e := newEnvironment(map[string]string{spelled: "x"})
			e.reportUnknown()
			if len(e.notices) > 0 {
				t.Errorf("%s is not known", spelled)
			}
		}
	}
}

// TestExampleFile: what .env.example offers is known, and right as it stands.
func TestExampleFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "#"), "=")
		if found && !strings.Contains(name, " ") {
			variables[name] = value
		}
	}
	for name := range maps.Clone(variables) {
		if base := strings.TrimSuffix(name, "_FILE"); base != name || strings.HasSuffix(name, "_URL") || name == "PORT" || strings.Contains(name, "_CA_") || strings.Contains(name, "ROOTCERT") {
			delete(variables, name) // the other form of what stands there too, or a file
		}
	}
	variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"] = "x", "y"
	got := warned(t, variables)
	if _, on := got["TEST_URLS"]; !on {
		t.Errorf("no word of test URLs: %v", got)
	}
	delete(got, "TEST_URLS") // is told of wherever it is on
	if len(got) > 0 || len(variables) < 20 {
		t.Errorf("%d variables, reported: %v", len(variables), got)
	}
}

func valueFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificateFile(t *testing.T) string {
	t.Helper()
	return testserver.NewCertificates(t).CA
}
