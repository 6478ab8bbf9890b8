package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/paging"
)

type keysCommand struct {
	Create keysCreateCommand `cmd:"" help:"Make an API key and print it: no one can read it again."`
	List   keysListCommand   `cmd:"" help:"List the keys by id."`
	Rotate keysRotateCommand `cmd:"" help:"Make a key in place of another, and print it."`
	Revoke keysRevokeCommand `cmd:"" help:"End a key at once."`

	RotateSigning keysRotateSigningCommand `cmd:"" help:"Sign with a new key what clients are given to send back, such as the cursors of lists."`
}

type keysCreateCommand struct {
	User    int64         `help:"The user whom requests with the key act for." default:"1"`
	Name    string        `help:"What the key is for." required:""`
	Scope   []string      `help:"What the key is good for: products:read, products:write, images:retry, webhooks, imports, operator or admin." xor:"scopes" required:""`
	Admin   bool          `help:"The same as --scope=admin: everything, for every user." xor:"scopes" required:""`
	Expires time.Duration `help:"How long the key lives, such as 365d or 36h; for ever by default."`
}

// Run makes the key; running processes know it at once.
func (c keysCreateCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "keys", func(accounts *auth.Accounts) error {
		d := auth.KeyDraft{UserID: c.User, Name: c.Name, Life: c.Expires}
		for _, scope := range c.Scope {
			d.Scopes = append(d.Scopes, auth.Scope(scope))
		}
		if c.Admin {
			d.Scopes = auth.Scopes{auth.Admin}
		}
		k, err := accounts.CreateKey(ctx, auth.Everyone(), d)
		return printSecret(to, k, err)
	})
}

// printSecret prints the text of a new key alone to the output, so that a script can take it.
func printSecret(to Streams, k auth.Created, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(to.Err, "key %d of user %d: %s. Keep it now, it is not stored:\n", k.ID, k.UserID, k.Scopes)
	_, err = fmt.Fprintln(to.Out, k.Secret)
	return err
}

type keysListCommand struct {
	User int64 `help:"Only keys of this user."`
}

// Run prints a key on each line.
func (c keysListCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "keys", func(accounts *auth.Accounts) error {
		now := time.Now()
		return eachPage(to.Out, func(after int64) ([]auth.Key, bool, error) {
			return accounts.Keys(ctx, c.User, after, paging.Most)
		}, func(out io.Writer, k auth.Key) (int64, error) {
			_, err := fmt.Fprintf(out, "%d\t%s…\tuser %d\t%s\t%s\t%s\t%s\n", k.ID, k.Prefix, k.UserID, keyState(k, now), lastUse(k), k.Scopes, oneLine(k.Name))
			return k.ID, err
		})
	})
}

func keyState(k auth.Key, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + k.RevokedAt.UTC().Format(time.RFC3339)
	case k.Over(now):
		return "expired " + k.ExpiresAt.UTC().Format(time.RFC3339)
	case !k.ExpiresAt.IsZero():
		return "until " + k.ExpiresAt.UTC().Format(time.RFC3339)
	default:
		return "valid"
	}
}

func lastUse(k auth.Key) string {
	if k.LastUsedAt.IsZero() {
		return "never used"
	}
	return "used " + k.LastUsedAt.UTC().Format(time.RFC3339)
}

type keysRotateCommand struct {
	ID      int64         `arg:"" help:"The key's id."`
	Overlap time.Duration `help:"How long the old key lives on." default:"24h"`
}

// Run makes the new key.
func (c keysRotateCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "keys", func(accounts *auth.Accounts) error {
		k, err := accounts.RotateKey(ctx, auth.Everyone(), c.ID, c.Overlap)
		return printSecret(to, k, err)
	})
}

type keysRevokeCommand struct {
	ID int64 `arg:"" help:"The key's id."`
}

// Run revokes the key; running processes refuse it within seconds.
func (c keysRevokeCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "keys", func(accounts *auth.Accounts) error {
		_, err := accounts.RevokeKey(ctx, auth.Everyone(), c.ID)
		return err
	})
}

type keysRotateSigningCommand struct {
	Overlap time.Duration `help:"How long what the old key has signed stays valid." default:"24h"`
}

// Run makes the new signing key; running processes know it within seconds.
func (c keysRotateSigningCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "keys", func(accounts *auth.Accounts) error {
		return accounts.RotateSigning(ctx, auth.Everyone(), c.Overlap)
	})
}

type auditCommand struct{}

// Run prints the audit log, newest first, an entry on each line.
func (auditCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "audit", func(accounts *auth.Accounts) error {
		return eachPage(to.Out, func(before int64) ([]auth.Entry, bool, error) {
			return accounts.Audit(ctx, before, paging.Most)
		}, func(out io.Writer, e auth.Entry) (int64, error) {
			_, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.UTC().Format(time.RFC3339), oneLine(doer(e)), oneLine(e.Action), oneLine(e.Target), oneLine(e.Outcome), oneLine(e.RequestID))
			return e.ID, err
		})
	})
}

// doer says who did what an entry is about.
func doer(e auth.Entry) string {
	switch {
	case e.UserID != 0:
		return fmt.Sprintf("user %d, key %s…, %s", e.UserID, e.KeyPrefix, e.Address)
	case e.Address != "":
		return "without a key, " + e.Address
	default:
		return "command line"
	}
}
