package testserver

import (
	"context"
	"net/http"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestOwnPostgresKeepsCommitsOverKill(t *testing.T) {
	t.Parallel()
	server := OwnPostgres(t)
	if err := execPostgres(t.Context(), server.URL(), "CREATE TABLE product AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	if err := execPostgres(t.Context(), server.URL(), "SELECT 1"); err == nil {
		t.Fatal("a killed server answers")
	}
	server.Start(t)
	if err := execPostgres(t.Context(), server.URL(), "SELECT id FROM product"); err != nil {
		t.Error(err)
	}
}

func TestOwnRedisFreezesAndGoesOn(t *testing.T) {
	t.Parallel()
	server := OwnRedis(t)
	server.Stop(t)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := pingRedis(short, server.Addr()); err == nil {
		t.Error("a frozen server answers")
	}
	server.Cont(t)
	if err := pingRedis(t.Context(), server.Addr()); err != nil {
		t.Error(err)
	}
	server.Kill(t)
	server.Start(t)
	if err := pingRedis(t.Context(), server.Addr()); err != nil {
		t.Error(err)
	}
}

func TestOwnRabbitMQKeepsDurableQueuesOverKill(t *testing.T) {
	t.Parallel()
	server := OwnRabbitMQ(t)
	declareQueue := func(declare func(*amqp.Channel) error) {
		t.Helper()
		conn, err := amqp.Dial(server.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		channel, err := conn.Channel()
		if err != nil {
			t.Fatal(err)
		}
		if err := declare(channel); err != nil {
			t.Error(err)
		}
	}
	quorum := amqp.Table{"x-queue-type": "quorum"}
	declareQueue(func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare("images", true, false, false, false, quorum)
		return err
	})
	server.Kill(t)
	if conn, err := amqp.Dial(server.URL()); err == nil {
		_ = conn.Close()
		t.Fatal("a killed server answers")
	}
	server.Start(t)
	declareQueue(func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclarePassive("images", true, false, false, false, quorum)
		return err
	})
}

func TestOwnS3KeepsItsBucketOverKill(t *testing.T) {
	t.Parallel()
	server, bucket := OwnS3(t)
	server.Kill(t)
	server.Start(t)
	if err := callS3(t.Context(), http.MethodHead, bucket.Endpoint+"/"+bucket.Bucket); err != nil {
		t.Error(err)
	}
}
