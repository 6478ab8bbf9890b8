package s3

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

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
