package testserver

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPostgresGivesEachTestItsOwnDatabase(t *testing.T) {
	t.Parallel()
	first, second := Postgres(t), Postgres(t)
	if err := execPostgres(t.Context(), first, "CREATE TABLE product (id bigint)"); err != nil {
		t.Fatal(err)
	}
	if err := execPostgres(t.Context(), second, "SELECT id FROM product"); err == nil {
		t.Error("a table made in one database is seen in the other")
	}
}

func TestPostgresFoldsUnicodeCase(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var folded string
	if err := conn.QueryRow(t.Context(), "SELECT lower('ÄÖЖ')").Scan(&folded); err != nil {
		t.Fatal(err)
	}
	if folded != "äöж" {
		t.Errorf("lower('ÄÖЖ') = %q", folded)
	}
}

func TestRedisAnswers(t *testing.T) {
	t.Parallel()
	if err := pingRedis(t.Context(), Redis(t)); err != nil {
		t.Error(err)
	}
}

func TestRabbitMQGivesEachTestItsOwnVhost(t *testing.T) {
	t.Parallel()
	declare := func(address string, passive bool) error {
		conn, err := amqp.Dial(address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		channel, err := conn.Channel()
		if err != nil {
			t.Fatal(err)
		}
		if passive {
			_, err = channel.QueueDeclarePassive("images", true, false, false, false, nil)
		} else {
			_, err = channel.QueueDeclare("images", true, false, false, false, nil)
		}
		return err
	}
	first, second := RabbitMQ(t), RabbitMQ(t)
	if err := declare(first, false); err != nil {
		t.Fatal(err)
	}
	if err := declare(first, true); err != nil {
		t.Errorf("the queue is not there: %v", err)
	}
	if err := declare(second, true); err == nil {
		t.Error("a queue made in one vhost is seen in the other")
	}
}

func TestS3GivesEachTestItsOwnBucket(t *testing.T) {
	t.Parallel()
	first, second := S3(t), S3(t)
	if first.Bucket == second.Bucket {
		t.Fatalf("both got %s", first.Bucket)
	}
	for _, bucket := range []S3Bucket{first, second} {
		if err := callS3(t.Context(), http.MethodHead, bucket.Endpoint+"/"+bucket.Bucket); err != nil {
			t.Error(err)
		}
	}
}

func TestDSNsParse(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{Postgres(t), RabbitMQ(t)} {
		parsed, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := parsed.User.Password(); !ok || parsed.Port() == "" || len(parsed.Path) < 2 {
			t.Errorf("%s lacks a part", parsed.Redacted())
		}
	}
}
