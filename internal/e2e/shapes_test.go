package e2e_test

import (
	"maps"
	"net"
	"net/url"
	"testing"

	"vitrine.dev/internal/testserver"
)

// shape is one way to run the system.
type shape struct {
	name string
	// start starts it and returns where its API listens.
	start func(t *testing.T) (api string)
}

func shapes() []shape {
	return []shape{
		{"embedded", func(t *testing.T) string {
			t.Helper()
			return start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()}).url()
		}},
		{"embedded in pure Go", func(t *testing.T) string {
			t.Helper()
			return start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "IMAGE_ENGINE": "go"}).url()
		}},
		{"embedded as two processes", func(t *testing.T) string {
			t.Helper()
			env := map[string]string{"DATA_DIR": t.TempDir()}
			api := start(t, "api", env).url()
			// Images are served by the API; the worker need not know where.
			start(t, "worker", env)
			return api
		}},
		{"servers", func(t *testing.T) string {
			t.Helper()
			env := servers(t)
			finish(t, "migrate", env)
			api := start(t, "api", env).url()
			start(t, "worker", env)
			start(t, "worker", env)
			return api
		}},
	}
}

// servers returns the environment that names the real servers, with a
// database, a vhost, a prefix and a bucket of this test's own.
func servers(t *testing.T) map[string]string {
	t.Helper()
	bucket := testserver.S3(t)
	env := map[string]string{
		"AWS_S3_BUCKET": bucket.Bucket, "AWS_REGION": bucket.Region, "AWS_ENDPOINT_URL_S3": bucket.Endpoint,
		"AWS_ACCESS_KEY_ID": bucket.AccessKey, "AWS_SECRET_ACCESS_KEY": bucket.SecretKey,
	}
	publish(t, bucket)

	db := parse(t, testserver.Postgres(t))
	password, _ := db.User.Password()
	maps.Copy(env, map[string]string{
		"DB_HOST": db.Hostname(), "DB_PORT": db.Port(), "DB_USER": db.User.Username(), "DB_PASSWORD": password,
		"DB_NAME": db.Path[1:], "DB_SSLMODE": "disable",
	})

	broker := parse(t, testserver.RabbitMQ(t))
	password, _ = broker.User.Password()
	maps.Copy(env, map[string]string{
		"QUEUE_HOST": broker.Hostname(), "QUEUE_PORT": broker.Port(),
		"QUEUE_USER": broker.User.Username(), "QUEUE_PASSWORD": password, "QUEUE_VHOST": broker.Path[1:],
	})

	host, port, err := net.SplitHostPort(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	env["REDIS_HOST"], env["REDIS_PORT"], env["REDIS_PREFIX"] = host, port, db.Path[1:]+":"
	return env
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
