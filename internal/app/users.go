package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

// usersPage is how many users are read at once.
const usersPage = 1000

type usersCommand struct {
	Add  usersAddCommand  `cmd:"" help:"Add a user and print the id."`
	List usersListCommand `cmd:"" help:"List all users by id."`
}

type usersAddCommand struct {
	Name string `arg:"" help:"The user's name."`
	JSON bool   `help:"Print the user as JSON." name:"json"`
}

// Run adds the user to the database. It takes no lock on an embedded DATA_DIR: a
// running process knows the user at once.
func (c usersAddCommand) Run(ctx context.Context, to streams) error {
	return withUsers(ctx, to, func(store *sqlstore.Store) error {
		user, err := catalog.AddUser(ctx, store, c.Name)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeUser(to.out, user)
		}
		_, err = fmt.Fprintln(to.out, user.ID)
		return err
	})
}

type usersListCommand struct {
	JSON bool `help:"Print each user as a line of JSON." name:"json"`
}

// Run prints a user on each line.
func (c usersListCommand) Run(ctx context.Context, to streams) error {
	return withUsers(ctx, to, func(store *sqlstore.Store) error {
		out := bufio.NewWriter(to.out)
		for after := int64(0); ; {
			users, err := store.ListUsers(ctx, after, usersPage)
			if err != nil {
				return err
			}
			for _, user := range users {
				after = user.ID
				if c.JSON {
					err = writeUser(out, user)
				} else {
					_, err = fmt.Fprintf(out, "%d\t%s\t%s\n", user.ID, user.CreatedAt.UTC().Format(time.RFC3339), oneLine(user.Name))
				}
				if err != nil {
					return err
				}
			}
			if len(users) < usersPage {
				return out.Flush()
			}
		}
	})
}

// withUsers opens the database that the environment names.
func withUsers(ctx context.Context, to streams, do func(*sqlstore.Store) error) error {
	cfg, log, err := configured(ctx, to.err)
	if err != nil {
		return err
	}
	log = log.With("role", "users")
	var held closers
	defer held.close(log)
	store, err := openExisting(ctx, cfg, &held, log)
	if err == nil {
		err = store.CheckSchema(ctx)
	}
	if err != nil {
		return &codedError{fmt.Errorf("users: %w", err), exitUnavailable}
	}
	err = do(store)
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) == fault.Invalid:
		return &codedError{fmt.Errorf("users: %w", err), exitUsage}
	case fault.KindOf(err) == fault.Unavailable:
		return &codedError{fmt.Errorf("users: %w", err), exitUnavailable}
	default:
		return fmt.Errorf("users: %w", err)
	}
}

func writeUser(w io.Writer, u catalog.User) error {
	return json.NewEncoder(w).Encode(struct {
		ID        int64     `json:"id"`
		Name      string    `json:"name"`
		CreatedAt time.Time `json:"created_at"`
	}{u.ID, u.Name, u.CreatedAt.UTC()})
}

// oneLine quotes a text that has something that a terminal would obey, or a
// quote or backslash of its own.
func oneLine(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}
