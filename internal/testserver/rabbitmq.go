package testserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// RabbitMQ returns amqp://user:password@host:port/vhost with a vhost of this
// test's own. It goes with the server: RabbitMQ 3.10 starts a worker for the
// dead letters of a new queue, which crashes where the queue is deleted within
// milliseconds, and two such crashes end dead-lettering on the whole server.
func RabbitMQ(tb testing.TB) string {
	tb.Helper()
	server := shared(tb, rabbitEngine)
	vhost := uniqueName("test")
	if err := manage(tb.Context(), server.url, http.MethodPut, "vhosts/"+vhost, ""); err != nil {
		tb.Fatalf("create vhost: %v", err)
	}
	if err := manage(tb.Context(), server.url, http.MethodPut, "permissions/"+vhost+"/"+rabbitUser,
		`{"configure":".*","write":".*","read":".*"}`); err != nil {
		tb.Fatalf("grant vhost: %v", err)
	}
	return "amqp://" + rabbitUser + ":" + rabbitUser + "@" + server.addr + "/" + vhost
}

// RabbitMQUserOf makes a user with these permissions (regular expressions) on the
// vhost of an address of RabbitMQ, and returns the address for that user.
func RabbitMQUserOf(tb testing.TB, address, configure, write, read string) string {
	tb.Helper()
	server, name := shared(tb, rabbitEngine), uniqueName("user")
	limited, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	if err := manage(tb.Context(), server.url, http.MethodPut, "users/"+name, `{"password":"`+name+`","tags":""}`); err != nil {
		tb.Fatalf("create user: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := cleanupContext(tb)
		defer cancel()
		if err := manage(ctx, server.url, http.MethodDelete, "users/"+name, ""); err != nil {
			tb.Errorf("delete user: %v", err)
		}
	})
	limited.User = url.UserPassword(name, name)
	Permit(tb, limited.String(), configure, write, read)
	return limited.String()
}

// Permit gives the user of an address of RabbitMQUserOf these permissions.
func Permit(tb testing.TB, address, configure, write, read string) {
	tb.Helper()
	limited, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"configure": configure, "write": write, "read": read})
	if err != nil {
		tb.Fatal(err)
	}
	path := "permissions" + limited.Path + "/" + limited.User.Username()
	if err := manage(tb.Context(), shared(tb, rabbitEngine).url, http.MethodPut, path, string(body)); err != nil {
		tb.Fatalf("set permissions: %v", err)
	}
}

// OwnRabbitMQ starts a RabbitMQ for this test alone; URL is its default vhost.
func OwnRabbitMQ(tb testing.TB) *Server {
	tb.Helper()
	server := own(tb, rabbitEngine)
	server.url = "amqp://" + rabbitUser + ":" + rabbitUser + "@" + server.addr + "/"
	return server
}

// rabbitUser is the name and the password of the broker's only user.
const rabbitUser = "vitrine"

// startBroker runs the port mapper in the foreground, so that it ends with the
// broker; the one that Erlang starts by itself would stay for ever.
const startBroker = `
"$1" -port "$ERL_EPMD_PORT" &
until "$1" -names >/dev/null 2>&1; do sleep 0.05; done
exec "$2"
`

func newRabbitMQ() (*Server, error) {
	// Not what PATH finds first: Debian's wrapper there changes the user.
	program, ok := lookup("rabbitmq-server", "/usr/lib/rabbitmq/bin",
		"/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")
	epmd, mapper := lookup("epmd", "/opt/homebrew/opt/erlang/bin", "/usr/local/opt/erlang/bin")
	if !ok || !mapper {
		return nil, &missingError{"rabbitmq-server", "rabbitmq-server", "rabbitmq"}
	}
	var ports [4]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	folder, err := newFolder("rabbitmq")
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(ports[0]))
	management := "http://" + rabbitUser + ":" + rabbitUser + "@" + net.JoinHostPort(loopback, strconv.Itoa(ports[1]))
	if err := writeBrokerConfig(folder, ports[0], ports[1]); err != nil {
		return nil, err
	}
	return &Server{
		name: "RabbitMQ", addr: addr, url: management, folder: folder, endSignal: "KILL",
		argv: []string{"/bin/sh", "-c", startBroker, "broker", epmd, program},
		env:  brokerEnv(folder, ports[2], ports[3]),
		ready: func(ctx context.Context) error {
			if err := manage(ctx, management, http.MethodGet, "health/checks/port-listener/"+strconv.Itoa(ports[0]), ""); err != nil {
				return err
			}
			return manage(ctx, management, http.MethodGet, "health/checks/virtual-hosts", "")
		},
	}, nil
}

func writeBrokerConfig(folder string, port, management int) error {
	config := fmt.Sprintf(`listeners.tcp.1 = %[1]s:%[2]d
management.tcp.ip = %[1]s
management.tcp.port = %[3]d
default_user = %[4]s
default_pass = %[4]s
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
log.file = false
`, loopback, port, management, rabbitUser)
	if err := os.WriteFile(filepath.Join(folder, "rabbitmq.conf"), []byte(config), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "enabled_plugins"), []byte("[rabbitmq_management].\n"), 0o600)
}

// brokerEnv keeps everything that a broker reads or writes inside its folder.
func brokerEnv(folder string, mapperPort, distPort int) []string {
	in := func(name string) string { return filepath.Join(folder, name) }
	return []string{
		"HOME=" + folder, // the Erlang cookie
		"ERL_EPMD_ADDRESS=" + loopback,
		"ERL_EPMD_PORT=" + strconv.Itoa(mapperPort),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(distPort),
		"RABBITMQ_NODENAME=vitrine@localhost",
		"RABBITMQ_CONF_ENV_FILE=" + in("none"),
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("config"),
		"RABBITMQ_SCHEMA_DIR=" + in("schema"),
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_PID_FILE=" + in("pid"),
	}
}

// manage calls the broker's HTTP API.
func manage(ctx context.Context, base, method, path, body string) error {
	endpoint, err := url.Parse(base)
	if err != nil {
		return err
	}
	password, _ := endpoint.User.Password()
	target := "http://" + endpoint.Host + "/api/" + path
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.SetBasicAuth(endpoint.User.Username(), password)
	request.Header.Set("Content-Type", "application/json")
	return call(request)
}

// RabbitMQUser makes a user of this test's own who has these rights, regular
// expressions, in a vhost of its own, and returns the amqp:// address.
func RabbitMQUser(tb testing.TB, configure, write, read string) string {
	tb.Helper()
	server := shared(tb, rabbitEngine)
	vhost, name := uniqueName("test"), uniqueName("user")
	rights, err := json.Marshal(map[string]string{"configure": configure, "write": write, "read": read})
	if err != nil {
		tb.Fatal(err)
	}
	for _, step := range [][2]string{
		{"vhosts/" + vhost, ""},
		{"users/" + name, `{"password":"` + name + `","tags":""}`},
		{"permissions/" + vhost + "/" + name, string(rights)},
	} {
		if err := manage(tb.Context(), server.url, http.MethodPut, step[0], step[1]); err != nil {
			tb.Fatalf("%s: %v", step[0], err)
		}
	}
	return "amqp://" + name + ":" + name + "@" + server.addr + "/" + vhost
}
