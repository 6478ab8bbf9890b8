package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// PresignPut returns a URL at which whoever has it can put an object of this length and content
// under key, for so long, and the headers to send with it. Amazon's servers refuse another length
// or content; others may know no checksums, so what was put is to be looked at.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/PresignedUrlUploadObject.html
func (s *Store) PresignPut(
	ctx context.Context, key string, bytes int64, sum [sha256.Size]byte, life time.Duration,
) (url string, headers map[string]string, err error) {
	if err := blob.CheckCall(ctx, "presign", key); err != nil {
		return "", nil, err
	}
	signed, err := awss3.NewPresignClient(s.client).PresignPutObject(ctx, &awss3.PutObjectInput{
		Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key), ContentLength: aws.Int64(bytes),
		ContentType: aws.String(blob.SourceType), ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}, awss3.WithPresignExpires(life))
	if err != nil { // nothing was asked: credentials could not be had
		return "", nil, fmt.Errorf("presign object %s: %w", key, fault.Wrap(fault.Unavailable, "image storage is not available", err))
	}
	headers = map[string]string{}
	for name, values := range signed.SignedHeader {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length": // which every client sends by itself
		default:
			headers[http.CanonicalHeaderKey(name)] = values[0]
		}
	}
	return signed.URL, headers, nil
}
