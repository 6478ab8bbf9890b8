package s3

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

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
