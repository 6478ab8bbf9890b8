package catalog

import (
	"context"
	"time"
)

// FieldUserName is the name of a user, as clients write the field.
const FieldUserName = "name"

// User owns products.
type User struct {
	ID        int64
	Name      string // 1 to MaxNameRunes characters; several users may have the same
	CreatedAt time.Time
}

// UserStore keeps users. Its methods may be called at once, also by several
// processes.
type UserStore interface {
	// AddUser adds a user with the next id. It is not idempotent.
	AddUser(ctx context.Context, name string) (User, error)
	// ListUsers returns at most limit users whose ids are beyond after, by id.
	ListUsers(ctx context.Context, after int64, limit int) ([]User, error)
}

// AddUser adds a user with the name. fault.Invalid where the name breaks a rule.
func AddUser(ctx context.Context, store UserStore, name string) (User, error) {
	var c checker
	c.checkName(FieldUserName, name)
	if err := c.Err(); err != nil {
		return User{}, err
	}
	return store.AddUser(ctx, name)
}
