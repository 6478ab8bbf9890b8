package media

import "context"

type userKey struct{}

// WithUser returns ctx for work on a picture of the user.
func WithUser(ctx context.Context, id int64) context.Context {
	return context.WithValue(ctx, userKey{}, id)
}

// UserOf returns whose picture is worked on, 0 where ctx does not say.
func UserOf(ctx context.Context) int64 {
	id, _ := ctx.Value(userKey{}).(int64)
	return id
}
