package e2e_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/testserver"
)

// publish lets everybody read the bucket, as a shop's bucket of pictures is.
func publish(t *testing.T, b testserver.S3Bucket) {
	t.Helper()
	client := awss3.New(awss3.Options{
		BaseEndpoint: aws.String(b.Endpoint), Region: b.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(b.AccessKey, b.SecretKey, ""),
	})
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",`+
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`, b.Bucket)
	_, err := client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: &b.Bucket, Policy: &policy})
	if err != nil {
		t.Fatalf("publish bucket: %v", err)
	}
}
