package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/tracing"
)

// pingTimeout bounds Ping, which is asked often and must answer soon.
const pingTimeout = 5 * time.Second

// Store is a blob.Store in a bucket.
type Store struct {
	cfg     Config
	client  *awss3.Client
	baseURL string
}

var _ blob.Store = (*Store)(nil)

// New returns a store. It reads the SDK's shared configuration files but
// connects to nothing; Ping tells whether the bucket can be reached.
func New(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	client, err := newClient(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, client: client, baseURL: cfg.publicURL()}, nil
}

// URL implements blob.Store.
func (s *Store) URL(key string) string { return s.baseURL + "/" + key }

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key, contentType string, body []byte) error {
	return s.PutFrom(ctx, key, contentType, bytes.NewReader(body))
}

// PutFrom implements blob.Store.
func (s *Store) PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error {
	return s.put(ctx, key, contentType, body, nil)
}

// PutNew implements blob.Store, by a conditional write:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (s *Store) PutNew(ctx context.Context, key, contentType string, body []byte) (stored bool, err error) {
	err = s.put(ctx, key, contentType, bytes.NewReader(body), aws.String("*"))
	if isThere(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) put(ctx context.Context, key, contentType string, body io.ReadSeeker, unless *string) error {
	if err := blob.CheckCall(ctx, "put", key); err != nil {
		return err
	}
	bounded, cancel := s.bound(ctx)
	defer cancel()
	bounded, span := tracing.StartCall(bounded, tracing.SpanPutObject)
	span.Text(tracing.RPCSystem, "aws-api")
	span.Text(tracing.RPCMethod, tracing.SpanPutObject)
	span.Text(tracing.S3Bucket, s.cfg.Bucket)
	span.Text(tracing.S3Key, key)
	sent := &source{ReadSeeker: body}
	_, err := s.client.PutObject(bounded, &awss3.PutObjectInput{
		Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key), Body: sent,
		ContentType: aws.String(contentType), CacheControl: aws.String(blob.CacheControl), IfNoneMatch: unless,
	})
	span.End(err)
	if failed := sent.failed(); err != nil && failed != nil {
		return fmt.Errorf("put object %s: %w", key, failed)
	}
	if err != nil && isMissing(err) { // what is missing can only be the bucket
		err = fault.Wrap(fault.Unavailable, "image storage has no such bucket", err)
		return fmt.Errorf("put object %s: %w", key, err)
	}
	return translate(ctx, "put", key, err)
}

// source is the body of an object that is sent. It keeps its error, which is not the storage's.
type source struct {
	io.ReadSeeker

	err atomic.Pointer[error] // the transport may read on while an answer is here
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.ReadSeeker.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader returns io.EOF itself
		s.err.Store(&err)
	}
	return n, err
}

func (s *source) failed() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Open implements blob.Store. The body fails when the server sends nothing for
// Config.IdleTimeout, or when ctx ends.
func (s *Store) Open(ctx context.Context, key string) (blob.Object, error) {
	return s.OpenFrom(ctx, key, 0)
}

// OpenFrom implements blob.Store, by a request for a range (RFC 9110, 14.2).
func (s *Store) OpenFrom(ctx context.Context, key string, offset int64) (blob.Object, error) {
	if err := blob.CheckCall(ctx, "open", key); err != nil {
		return blob.Object{}, err
	}
	// A timer in place of a deadline, which would go on to bound the reading.
	reading, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(s.cfg.Timeout, func() { cancel(errTimeout) })
	in := &awss3.GetObjectInput{Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key)}
	if offset > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", offset))
	}
	out, err := s.client.GetObject(reading, in)
	if err == nil && !timer.Stop() { // the body was cut by now
		_ = out.Body.Close()
		err = errTimeout
	}
	if err != nil {
		timer.Stop()
		cancel(nil)
		if isBehind(err) {
			info, err := s.Stat(ctx, key)
			return blob.Object{Info: info, Body: http.NoBody}, err
		}
		return blob.Object{}, translate(ctx, "open", key, err)
	}
	object := blob.Object{
		Info: describe(key, out.ContentLength, out.ContentType, out.LastModified),
		Body: &body{ReadCloser: out.Body, ctx: ctx, key: key, done: cancel},
	}
	switch {
	case offset == 0:
	case aws.ToString(out.ContentRange) != "":
		object.Bytes += offset
	default: // the server knows no ranges, which it need not
		if _, err := io.CopyN(io.Discard, object.Body, offset); err != nil && !errors.Is(err, io.EOF) {
			return blob.Object{}, errors.Join(err, object.Body.Close())
		}
	}
	return object, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := blob.CheckCall(ctx, "stat", key); err != nil {
		return blob.Info{}, err
	}
	bounded, cancel := s.bound(ctx)
	defer cancel()
	out, err := s.client.HeadObject(bounded, &awss3.HeadObjectInput{Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key)})
	if err != nil {
		return blob.Info{}, translate(ctx, "stat", key, err)
	}
	return describe(key, out.ContentLength, out.ContentType, out.LastModified), nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckCall(ctx, "delete", key); err != nil {
		return err
	}
	bounded, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.client.DeleteObject(bounded, &awss3.DeleteObjectInput{Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key)})
	if err = translate(ctx, "delete", key, err); fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Ping implements blob.Store: it asks for the bucket, once.
func (s *Store) Ping(ctx context.Context) error {
	bounded, cancel := context.WithTimeoutCause(ctx, min(pingTimeout, s.cfg.Timeout), errTimeout)
	defer cancel()
	_, err := s.client.HeadBucket(bounded, &awss3.HeadBucketInput{Bucket: aws.String(s.cfg.Bucket)},
		func(o *awss3.Options) { o.Retryer = aws.NopRetryer{} })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("ping bucket %s: %w", s.cfg.Bucket, ctx.Err())
	case isMissing(err): // what is missing can only be the bucket
		err = fault.Wrap(fault.Unavailable, "image storage has no such bucket", err)
	default:
		err = fault.Wrap(fault.Unavailable, "image storage is not available", err)
	}
	return fmt.Errorf("ping bucket %s: %w", s.cfg.Bucket, err)
}

func describe(key string, size *int64, contentType *string, modified *time.Time) blob.Info {
	return blob.Info{
		Key: key, Bytes: aws.ToInt64(size), ContentType: aws.ToString(contentType), Modified: aws.ToTime(modified),
	}
}

// body is an object being read; its errors have their kind.
type body struct {
	io.ReadCloser

	ctx  context.Context // the caller's, as in http.Request
	key  string
	done context.CancelCauseFunc
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader returns io.EOF itself
		err = translate(b.ctx, "read", b.key, err)
	}
	return n, err
}

func (b *body) Close() error {
	defer b.done(nil)
	return b.ReadCloser.Close()
}

// List implements blob.Store. Infos carry no ContentType; objects under names
// that are no keys are somebody else's and are passed over. Config.Timeout
// bounds each page.
func (s *Store) List(ctx context.Context, prefix string, visit func(blob.Info) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	pages := awss3.NewListObjectsV2Paginator(s.client, &awss3.ListObjectsV2Input{
		Bucket: aws.String(s.cfg.Bucket), Prefix: aws.String(prefix), MaxKeys: aws.Int32(s.cfg.PageSize),
	}, func(o *awss3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := s.nextPage(ctx, pages)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if blob.CheckKey(key) != nil {
				continue
			}
			if err := visit(describe(key, o.Size, nil, o.LastModified)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) nextPage(ctx context.Context, pages *awss3.ListObjectsV2Paginator) (*awss3.ListObjectsV2Output, error) {
	bounded, cancel := s.bound(ctx)
	defer cancel()
	page, err := pages.NextPage(bounded)
	switch {
	case err == nil:
		return page, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("list objects: %w", ctx.Err())
	default:
		return nil, fmt.Errorf("list objects: %w",
			fault.Wrap(fault.Unavailable, "image storage is not available", err))
	}
}
