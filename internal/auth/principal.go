package auth

import (
	"context"

	"vitrine.dev/internal/fault"
)

// Principal is who a request acts for. The zero value is no one: it owns nothing and
// may do nothing.
type Principal struct {
	// User is whose things it sees and changes; 0 for everyone's.
	User   int64
	Scopes Scopes
	// Caller, Key and Prefix are the key that was presented and its user; 0 for none. An
	// admin's key may act for another user.
	Caller int64
	Key    int64
	Prefix string
	// Address is where the request came from.
	Address string

	everyone bool
}

// Everyone is the principal of every request while authentication is off, and of
// whoever has the database at hand.
func Everyone() Principal { return Principal{Scopes: Scopes{Admin}, everyone: true} }

// May reports whether it has the scope.
func (p Principal) May(scope Scope) bool { return p.Scopes.Has(scope) }

// Owns reports whether what belongs to the user is the principal's.
func (p Principal) Owns(user int64) bool { return p.everyone || p.User != 0 && p.User == user }

// ForAnother reports whether an admin acts for another user.
func (p Principal) ForAnother() bool { return p.Caller != 0 && p.User != p.Caller }

// ForAll reports whether it reads, and retries, what is of any user: an operator, but not
// one who acts for a single user.
func (p Principal) ForAll() bool { return p.May(Operator) && !p.ForAnother() }

// Reads reports whether the principal may read what belongs to the user.
func (p Principal) Reads(user int64) bool { return p.Owns(user) || p.ForAll() }

// Actor returns the user that the principal has to name itself: 0 where it may act
// for everyone, and has to say for whom.
func (p Principal) Actor() int64 {
	if p.everyone {
		return 0
	}
	return p.User
}

// For returns the user that a change is for, which may name one (0: it does not).
// ErrForeignUser.
func (p Principal) For(named int64) (int64, error) {
	switch {
	case named == 0:
		return p.Actor(), nil
	case !p.Owns(named):
		return 0, ErrForeignUser
	default:
		return named, nil
	}
}

// ForReading is For of a read. An operator's is of all users where it names none.
func (p Principal) ForReading(named int64) (int64, error) {
	if p.ForAll() {
		return named, nil
	}
	return p.For(named)
}

// ErrForeignUser is the answer to a request that names a user whom its key does not
// belong to.
var ErrForeignUser = fault.New(fault.Forbidden, "user_id is not the user of this key: leave it out")

type contextKey struct{}

// principalContext is a context with a principal.
type principalContext struct {
	context.Context //nolint:containedctx // it is one

	principal Principal
}

// Value implements context.Context.
func (c *principalContext) Value(key any) any {
	if key == (contextKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// With returns the context with the principal in it.
func With(ctx context.Context, p Principal) context.Context { return &principalContext{ctx, p} }

// From returns the principal of the context, no one where it has none.
func From(ctx context.Context) Principal {
	if c, ok := ctx.Value(contextKey{}).(*principalContext); ok {
		return c.principal
	}
	return Principal{}
}
