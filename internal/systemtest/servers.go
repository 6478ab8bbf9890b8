package systemtest

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/testserver"
)

// SharedServers returns the environment that names the servers which all tests
// share, with a database, a vhost, a prefix and a bucket of this test's own.
func SharedServers(t *testing.T) map[string]string {
	t.Helper()
	env := database(t)
	bucket := testserver.S3(t)
	maps.Copy(env, bucketEnv(bucket))
	publish(t, bucket)

	broker := ParseURL(t, testserver.RabbitMQ(t))
	password, _ := broker.User.Password()
	maps.Copy(env, map[string]string{
		"QUEUE_HOST": broker.Hostname(), "QUEUE_PORT": broker.Port(),
		"QUEUE_USER": broker.User.Username(), "QUEUE_PASSWORD": password, "QUEUE_VHOST": broker.Path[1:],
	})

	host, port, err := net.SplitHostPort(testserver.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	env["REDIS_HOST"], env["REDIS_PORT"], env["REDIS_PREFIX"] = host, port, env["DB_NAME"]+":"
	return env
}

// OnlyPostgres is an environment with a database server and nothing else.
func OnlyPostgres(t *testing.T) map[string]string {
	t.Helper()
	env := database(t)
	env["DATA_DIR"] = t.TempDir()
	return env
}

// OwnPostgres is OnlyPostgres with a server that no other test uses and that has these settings: what other tests write
// there would hold up the log of events.
func OwnPostgres(t *testing.T, settings ...string) map[string]string {
	t.Helper()
	env := databaseEnv(t, testserver.OwnPostgresWith(t, settings...).URL())
	env["DATA_DIR"] = t.TempDir()
	return env
}

func database(t *testing.T) map[string]string {
	t.Helper()
	return databaseEnv(t, testserver.Postgres(t))
}

func databaseEnv(t *testing.T, dsn string) map[string]string {
	t.Helper()
	db := ParseURL(t, dsn)
	password, _ := db.User.Password()
	return map[string]string{
		"DB_HOST": db.Hostname(), "DB_PORT": db.Port(), "DB_USER": db.User.Username(), "DB_PASSWORD": password,
		"DB_NAME": db.Path[1:], "DB_SSLMODE": "disable",
	}
}

func bucketEnv(b testserver.S3Bucket) map[string]string {
	return map[string]string{
		"AWS_S3_BUCKET": b.Bucket, "AWS_REGION": b.Region, "AWS_ENDPOINT_URL_S3": b.Endpoint,
		"AWS_ACCESS_KEY_ID": b.AccessKey, "AWS_SECRET_ACCESS_KEY": b.SecretKey,
	}
}

// publish lets everyone read the bucket, as a shop's bucket of pictures is.
func publish(t *testing.T, b testserver.S3Bucket) {
	t.Helper()
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",`+
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`, b.Bucket)
	_, err := S3(bucketEnv(b)).PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: &b.Bucket, Policy: &policy})
	if err != nil {
		t.Fatalf("publish bucket: %v", err)
	}
}

// S3 returns a client of the storage that an environment names.
func S3(env map[string]string) *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL_S3"]), Region: env["AWS_REGION"], UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	})
}

// Behind puts a link of the test's own before a server that env names, by the
// prefix of its variables, and changes env.
func Behind(t *testing.T, env map[string]string, prefix string) *testserver.TCPProxy {
	t.Helper()
	host, port := prefix+"_HOST", prefix+"_PORT"
	link := testserver.Proxy(t, net.JoinHostPort(env[host], env[port]))
	var err error
	if env[host], env[port], err = net.SplitHostPort(link.Addr()); err != nil {
		t.Fatal(err)
	}
	return link
}

// ParseURL parses an address.
func ParseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
