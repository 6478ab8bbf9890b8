package s3

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Presign returns a URL at which anybody can read the object for a minute.
func (s *Store) Presign(t *testing.T, key string) string {
	t.Helper()
	signed, err := awss3.NewPresignClient(s.client).PresignGetObject(t.Context(),
		&awss3.GetObjectInput{Bucket: aws.String(s.cfg.Bucket), Key: aws.String(key)},
		awss3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return signed.URL
}
