package s3

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config says where the bucket is. The zero value of a field means its default.
type Config struct {
	Bucket string // required

	// AccessKeyID and SecretAccessKey, and the SessionToken of temporary ones.
	// Without them the SDK's chain is asked: environment, shared files, the
	// role of the machine or container.
	AccessKeyID, SecretAccessKey, SessionToken string

	Region string // default us-east-1

	// Endpoint is the URL of a server other than Amazon's. The bucket then
	// stands in the path, unless VirtualHost puts it before the host name.
	Endpoint    string
	VirtualHost bool

	// CAFile names the certificates, in PEM, of the authorities that the
	// server's must come from. Default: AWS_CA_BUNDLE, else the system's.
	CAFile string

	// PublicBaseURL is where the public reads the bucket, e.g. of a content
	// delivery network. Default: the bucket itself.
	PublicBaseURL string

	Timeout     time.Duration // of one operation with its retries; default 30 s
	DialTimeout time.Duration // of one connection; default 5 s
	IdleTimeout time.Duration // between two pieces of a response; default 15 s
	MaxAttempts int           // of one operation; default 3
	PageSize    int32         // objects in one page of List, 1 to 1000; default 1000
}

func (c Config) withDefaults() Config {
	c.Region = orDefault(c.Region, "us-east-1")
	c.Timeout = orDefault(c.Timeout, 30*time.Second)
	c.DialTimeout = orDefault(c.DialTimeout, 5*time.Second)
	c.IdleTimeout = orDefault(c.IdleTimeout, 15*time.Second)
	c.MaxAttempts = orDefault(c.MaxAttempts, 3)
	c.PageSize = orDefault(c.PageSize, 1000)
	c.Endpoint = strings.TrimRight(c.Endpoint, "/")
	c.PublicBaseURL = strings.TrimRight(c.PublicBaseURL, "/")
	return c
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	check := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	check(c.Bucket != "" && !strings.ContainsAny(c.Bucket, "/?#% "), "the bucket must be named, without a slash")
	check((c.AccessKeyID == "") == (c.SecretAccessKey == ""), "access key id and secret access key belong together")
	check(c.SessionToken == "" || c.AccessKeyID != "", "a session token belongs to an access key")
	check(c.Endpoint == "" || isHTTP(c.Endpoint), "the endpoint must be an http or https URL")
	check(c.PublicBaseURL == "" || isHTTP(c.PublicBaseURL), "the public base URL must be an http or https URL")
	check(c.Timeout > 0 && c.DialTimeout > 0 && c.IdleTimeout > 0, "timeouts must be positive")
	check(c.MaxAttempts > 0, "attempts must be positive")
	check(c.PageSize > 0 && c.PageSize <= 1000, "the page size must be 1 to 1000")
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("S3 configuration: %w", errors.Join(errs...))
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// publicURL is what keys are appended to, after a slash.
func (c Config) publicURL() string {
	switch {
	case c.PublicBaseURL != "":
		return c.PublicBaseURL
	case c.Endpoint != "" && c.VirtualHost:
		scheme, host, _ := strings.Cut(c.Endpoint, "://")
		return scheme + "://" + c.Bucket + "." + host
	case c.Endpoint != "":
		return c.Endpoint + "/" + c.Bucket
	}
	domain := "s3." + c.Region + ".amazonaws.com"
	if strings.HasPrefix(c.Region, "cn-") {
		domain += ".cn"
	}
	if strings.Contains(c.Bucket, ".") {
		// No certificate covers a bucket with a dot as a host name.
		return "https://" + domain + "/" + c.Bucket
	}
	return "https://" + c.Bucket + "." + domain
}
