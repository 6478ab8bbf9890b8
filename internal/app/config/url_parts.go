package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// databaseURL reads a connection URI of PostgreSQL's:
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
func databaseURL(u *url.URL) (map[string]string, error) {
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "+", "%2B") // a plus is a plus
	values, query, err := parts(u, "DB_")
	if err != nil {
		return nil, err
	}
	if values["DB_HOST"] == "" {
		values["DB_HOST"] = query.Get("host") // the folder of a Unix socket
		query.Del("host")
	}
	if values["DB_HOST"] == "" {
		return nil, errors.New("names no host")
	}
	values["DB_NAME"] = strings.TrimPrefix(u.Path, "/")
	if values["DB_NAME"] == "" {
		values["DB_NAME"] = values["DB_USER"]
	}
	for parameter, name := range map[string]string{"sslmode": "DB_SSLMODE", "sslrootcert": "DB_SSLROOTCERT"} {
		if query.Has(parameter) {
			values[name] = query.Get(parameter)
			query.Del(parameter)
		}
	}
	if pooled := query.Get("pgbouncer"); pooled != "" { // as Prisma and its hosts spell it
		if pooled != "true" {
			return nil, errors.New("has a parameter pgbouncer that is not true")
		}
		values["DB_POOL_MODE"] = "transaction"
	}
	query.Del("pgbouncer")
	if params := query.Encode(); params != "" {
		values["DB_PARAMS"] = params
	}
	return values, nil
}

// dbParams are the parameters of a connection that are passed to the driver.
func dbParams() []string {
	return []string{
		"application_name", "channel_binding", "connect_timeout", "options", "require_auth", "sslcert", "sslkey", "sslnegotiation",
		"sslsni", "target_session_attrs",
	}
}

// paramProblems names what the driver would take for a setting of the server,
// which rejects it only when a connection is made.
func paramProblems(name, text string) []string {
	params, err := url.ParseQuery(text)
	if err != nil {
		return []string{name + " must be name=value&name=value, percent-encoded"}
	}
	for _, param := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(dbParams(), param) {
			return []string{fmt.Sprintf("%s (or the query of DATABASE_URL) may have only %s", name, strings.Join(dbParams(), ", "))}
		}
	}
	return nil
}

// redisURL reads redis://user:password@host:port/database, and rediss with
// TLS: https://www.iana.org/assignments/uri-schemes/prov/redis
func redisURL(u *url.URL) (map[string]string, error) {
	values, query, err := parts(u, "REDIS_")
	if err != nil {
		return nil, err
	}
	if values["REDIS_HOST"] == "" {
		return nil, errors.New("names no host")
	}
	number := strings.TrimPrefix(u.Path, "/")
	if number == "" {
		number = query.Get("db")
	}
	query.Del("db")
	if err := noneLeft(query); err != nil {
		return nil, err
	}
	if _, err := strconv.ParseUint(number, 10, 31); number != "" && err != nil {
		return nil, errors.New("must have the number of a database as its path, such as /0")
	}
	values["REDIS_DB"] = number
	if u.Scheme == "rediss" {
		values["REDIS_TLS"] = "true"
	}
	return values, nil
}

// amqpURL reads an AMQP URI: https://www.rabbitmq.com/docs/uri-spec. A path
// that is only a slash means the default vhost, as people write it, not the
// vhost without a name.
func amqpURL(u *url.URL) (map[string]string, error) {
	values, query, err := parts(u, "QUEUE_")
	if err != nil {
		return nil, err
	}
	if values["QUEUE_HOST"] == "" {
		return nil, errors.New("names no host")
	}
	values["QUEUE_VHOST"] = strings.TrimPrefix(u.Path, "/")
	if ca := query.Get("cacertfile"); ca != "" {
		values["QUEUE_CA_FILE"] = ca
	}
	query.Del("cacertfile")
	if err := noneLeft(query); err != nil {
		return nil, err
	}
	if u.Scheme == "amqps" {
		values["QUEUE_TLS"] = "true"
	} else if values["QUEUE_CA_FILE"] != "" {
		return nil, errors.New("has a cacertfile, which needs amqps")
	}
	return values, nil
}

// parts reads user:password@host:port and the query.
func parts(u *url.URL, prefix string) (values map[string]string, query url.Values, err error) {
	if port := u.Port(); port != "" && !isPort(port) {
		return nil, nil, errors.New("must have a port from 1 to 65535")
	}
	if query, err = url.ParseQuery(u.RawQuery); err != nil {
		return nil, nil, errors.New("must have name=value&name=value after the question mark, percent-encoded")
	}
	password, _ := u.User.Password()
	return map[string]string{
		prefix + "HOST": u.Hostname(), prefix + "PORT": u.Port(),
		prefix + "USER": u.User.Username(), prefix + "PASSWORD": password,
	}, query, nil
}

func noneLeft(query url.Values) error {
	if len(query) > 0 {
		return errors.New("has a parameter that is not known (what follows the question mark)")
	}
	return nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}
