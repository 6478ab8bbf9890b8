package systemtest

import (
	"context"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/testserver"
)

// The servers that a test may have of its own.
const (
	Database = "database"
	Cache    = "cache"
	Broker   = "broker"
	Storage  = "storage"
)

// Parts returns their names.
func Parts() []string { return []string{Database, Cache, Broker, Storage} }

// OwnServers are servers of one test alone, which may kill, freeze and restart
// them.
type OwnServers struct {
	ByPart map[string]*testserver.Server
	Bucket string
	env    map[string]string // credentials
}

// NewServers starts a set.
func NewServers(t *testing.T) *OwnServers {
	t.Helper()
	storage, bucket := testserver.OwnS3(t)
	s := &OwnServers{Bucket: bucket.Bucket, env: bucketEnv(bucket), ByPart: map[string]*testserver.Server{
		Database: testserver.OwnPostgres(t), Cache: testserver.OwnRedis(t), Broker: testserver.OwnRabbitMQ(t), Storage: storage,
	}}
	maps.Copy(s.env, map[string]string{
		"DB_USER": "vitrine", "DB_PASSWORD": "vitrine", "DB_NAME": "postgres", "DB_SSLMODE": "disable",
		"QUEUE_USER": "vitrine", "QUEUE_PASSWORD": "vitrine", "ADMIN_ADDR": "off",
	})
	return s
}

// Env names the servers as they are.
func (s *OwnServers) Env() map[string]string {
	addresses := map[string]string{}
	for part, server := range s.ByPart {
		addresses[part] = server.Addr()
	}
	return s.EnvBehind(addresses)
}

// EnvBehind names the servers by the addresses given for each part.
func (s *OwnServers) EnvBehind(addresses map[string]string) map[string]string {
	env := maps.Clone(s.env)
	for part, prefix := range map[string]string{Database: "DB", Cache: "REDIS", Broker: "QUEUE"} {
		env[prefix+"_HOST"], env[prefix+"_PORT"], _ = net.SplitHostPort(addresses[part])
	}
	env["AWS_ENDPOINT_URL_S3"] = "http://" + addresses[Storage]
	return env
}

// Query speaks to the database itself.
func (s *OwnServers) Query(t *testing.T, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(ctx, s.ByPart[Database].URL())
	if err != nil {
		t.Fatalf("connect to the database: %v", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	if err := do(ctx, db); err != nil {
		t.Fatalf("query the database: %v", err)
	}
}
