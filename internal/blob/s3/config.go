package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
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
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.DialTimeout = cmp.Or(c.DialTimeout, 5*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 15*time.Second)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 3)
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.Endpoint = strings.TrimRight(c.Endpoint, "/")
	c.PublicBaseURL = strings.TrimRight(c.PublicBaseURL, "/")
	return c
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

// maxBackoff is the longest wait between two tries of one operation.
const maxBackoff = 2 * time.Second

func newClient(ctx context.Context, c Config) (*awss3.Client, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(c.Region),
		// The SDK would log to standard error, in a form of its own.
		config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer { return newRetryer(c) }),
		// Servers other than Amazon's refuse or lack the newer checksums; the
		// signature covers the body as it is.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
		config.WithHTTPClient(awshttp.NewBuildableClient().
			WithDialerOptions(func(d *net.Dialer) { d.Timeout = c.DialTimeout }).
			WithReadTimeout(c.IdleTimeout)),
	}
	if c.AccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)))
	}
	if c.CAFile != "" {
		authorities, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificates: %w", err)
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(authorities)))
	}
	sdk, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return awss3.NewFromConfig(sdk, func(o *awss3.Options) {
		o.DisableLogOutputChecksumValidationSkipped = true
		o.ClientLogMode = 0 // never requests: they carry credentials
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			o.UsePathStyle = !c.VirtualHost
		}
	}), nil
}

func newRetryer(c Config) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = c.MaxAttempts
		o.MaxBackoff = maxBackoff
	})
}
