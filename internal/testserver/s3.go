package testserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// S3Bucket is a bucket and what a client needs to reach it (path style).
type S3Bucket struct {
	Endpoint  string // http://host:port
	Region    string
	Bucket    string
	AccessKey string
	SecretKey string
}

const (
	s3Region = "us-east-1"
	s3Key    = "vitrine"
	s3Secret = "vitrine-secret"
)

// S3 returns an empty bucket of this test's own. It goes with the server.
func S3(tb testing.TB) S3Bucket {
	tb.Helper()
	return newBucket(tb, shared(tb, s3Engine))
}

// OwnS3 starts an S3 server for this test alone, with one empty bucket.
func OwnS3(tb testing.TB) (*Server, S3Bucket) {
	tb.Helper()
	server := own(tb, s3Engine)
	return server, newBucket(tb, server)
}

func newBucket(tb testing.TB, server *Server) S3Bucket {
	tb.Helper()
	bucket := S3Bucket{
		Endpoint: server.url, Region: s3Region, Bucket: uniqueName("test-"),
		AccessKey: s3Key, SecretKey: s3Secret,
	}
	if err := callS3(tb.Context(), http.MethodPut, bucket.Endpoint+"/"+bucket.Bucket); err != nil {
		tb.Fatalf("create bucket: %v", err)
	}
	return bucket
}

func newS3() (*Server, error) {
	program, ok := lookup("versitygw", toolsFolder())
	if !ok {
		return nil, &missingError{program: "versitygw (S3 server)"}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("s3")
	if err != nil {
		return nil, err
	}
	// Metadata beside the objects: not every temporary folder has attributes.
	objects, metadata := filepath.Join(folder, "objects"), filepath.Join(folder, "metadata")
	for _, name := range []string{objects, metadata} {
		if err := os.Mkdir(name, 0o700); err != nil {
			return nil, err
		}
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	return &Server{
		name: "versitygw", addr: addr, url: "http://" + addr, folder: folder, endSignal: "KILL",
		argv: []string{
			program, "--port", addr, "--access", s3Key, "--secret", s3Secret, "--region", s3Region,
			"--quiet", "posix", "--sidecar", metadata, objects,
		},
		ready: func(ctx context.Context) error { return callS3(ctx, http.MethodGet, "http://"+addr+"/") },
	}, nil
}

// callS3 makes one signed request without a body.
func callS3(ctx context.Context, method, target string) error {
	request, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return err
	}
	empty := sha256.Sum256(nil)
	hash := hex.EncodeToString(empty[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	keys := aws.Credentials{AccessKeyID: s3Key, SecretAccessKey: s3Secret}
	if err := v4.NewSigner().SignHTTP(ctx, keys, request, hash, "s3", s3Region, time.Now()); err != nil {
		return err
	}
	return call(request)
}
