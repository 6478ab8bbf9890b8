package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/catalog"
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

// Run adds the user to the database; running processes know the user at once.
func (c usersAddCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withUsers(ctx, program, to, func(store catalog.UserStore) error {
		user, err := catalog.AddUser(ctx, store, c.Name)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeUser(to.Out, user)
		}
		_, err = fmt.Fprintln(to.Out, user.ID)
		return err
	})
}

type usersListCommand struct {
	JSON bool `help:"Print each user as a line of JSON." name:"json"`
}

// Run prints a user on each line.
func (c usersListCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withUsers(ctx, program, to, func(store catalog.UserStore) error {
		out := bufio.NewWriter(to.Out)
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

func withUsers(ctx context.Context, program Program, to Streams, use func(catalog.UserStore) error) error {
	return program.WithUsers(ctx, to, func(store catalog.UserStore) error {
		if err := use(store); err != nil {
			return byKind(fmt.Errorf("users: %w", err))
		}
		return nil
	})
}

func writeUser(w io.Writer, u catalog.User) error {
	return writeLine(w, struct {
		ID        int64     `json:"id"`
		Name      string    `json:"name"`
		CreatedAt time.Time `json:"created_at"`
	}{u.ID, u.Name, u.CreatedAt.UTC()})
}
