package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"vitrine.dev/internal/fault"
)

// errTimeout is the cause of a context that Config.Timeout has ended.
var errTimeout = errors.New("the object storage was too slow")

// bound returns the context of one operation.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeout)
}

// translate gives the SDK's error its kind. ctx is the caller's: when that is
// done, its error counts and no kind.
func translate(ctx context.Context, operation, key string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s object %s: %w", operation, key, ctx.Err())
	}
	return fmt.Errorf("%s object %s: %w", operation, key, classify(err))
}

func classify(err error) error {
	if isMissing(err) {
		return fault.Wrap(fault.NotFound, "no such object", err)
	}
	return fault.Wrap(fault.Unavailable, "image storage is not available", err)
}

// isMissing tells a missing object from a missing bucket, where the server
// says which it is: the answer to HEAD has no body and cannot.
func isMissing(err error) bool {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound":
			return true
		case "NoSuchBucket":
			return false
		}
	}
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && response.HTTPStatusCode() == http.StatusNotFound
}

// isBehind recognises the refusal of a range that begins at the object's end, or behind it.
func isBehind(err error) bool {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && response.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable
}

// isThere recognises the refusal of a write on condition that there is no object,
// or that another such write is under way.
func isThere(err error) bool {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && (response.HTTPStatusCode() == http.StatusPreconditionFailed || response.HTTPStatusCode() == http.StatusConflict)
}
