package testserver

import (
	"encoding/json"
	"net/http"
	"testing"
)

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
