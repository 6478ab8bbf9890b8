package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/client"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
)

type usersCommand struct {
	Add    usersAddCommand    `cmd:"" help:"Add a user and print the id."`
	List   usersListCommand   `cmd:"" help:"List all users by id."`
	Change usersChangeCommand `cmd:"" help:"Change the name or the e-mail address of a user."`
	Delete usersDeleteCommand `cmd:"" help:"Delete a user who has no products, and all keys of that user; with --cascade one who has." aliases:"remove"`
}

type usersAddCommand struct {
	Name  string `arg:"" help:"The user's name."`
	Email string `help:"The user's e-mail address."`
	JSON  bool   `help:"Print the user as JSON." name:"json"`
}

// Run adds the user to the database; running processes know the user at once.
func (c usersAddCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "users", func(accounts *auth.Accounts) error {
		user, err := accounts.AddUser(ctx, auth.Everyone(), auth.UserDraft{Name: c.Name, Email: c.Email})
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
	return withAccounts(ctx, program, to, "users", func(accounts *auth.Accounts) error {
		return eachPage(to.Out, func(after int64) ([]auth.User, bool, error) {
			return accounts.Users(ctx, after, paging.Most)
		}, func(out io.Writer, user auth.User) (int64, error) {
			if c.JSON {
				return user.ID, writeUser(out, user)
			}
			email := ""
			if user.Email != "" {
				email = "\t" + user.Email
			}
			_, err := fmt.Fprintf(out, "%d\t%s\t%s%s\n", user.ID, user.CreatedAt.UTC().Format(time.RFC3339), oneLine(user.Name), email)
			return user.ID, err
		})
	})
}

type usersChangeCommand struct {
	ID    int64   `arg:"" help:"The user's id."`
	Name  *string `help:"The new name."`
	Email *string `help:"The new e-mail address; empty removes it."`
}

// Run changes the user.
func (c usersChangeCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "users", func(accounts *auth.Accounts) error {
		user, err := accounts.ChangeUser(ctx, auth.Everyone(), c.ID, auth.UserPatch{Name: c.Name, Email: c.Email})
		if err != nil {
			return err
		}
		return writeUser(to.Out, user)
	})
}

type usersDeleteCommand struct {
	ID      int64 `arg:"" help:"The user's id."`
	Cascade bool  `help:"With all products of the user, in the background by any running process, which is followed. It cannot be aborted."`
}

// Run deletes the user.
func (c usersDeleteCommand) Run(ctx context.Context, program Program, to Streams) error {
	return withAccounts(ctx, program, to, "users", func(accounts *auth.Accounts) error {
		if c.Cascade {
			return c.erase(ctx, accounts, to)
		}
		return accounts.RemoveUser(ctx, auth.Everyone(), c.ID)
	})
}

// idleTold is after how long a job that has not begun is spoken of: a process looks for
// jobs every second.
const idleTold = 5 * time.Second

// erase begins to erase the user and follows the job. Ctrl-C ends the following only.
func (c usersDeleteCommand) erase(ctx context.Context, accounts *auth.Accounts, to Streams) error {
	j, err := accounts.EraseUser(ctx, auth.Everyone(), c.ID)
	if err != nil {
		return err
	}
	bar := newProgress(to, "products deleted", false)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	began, told := time.Now(), false
	for answered := began; j.State == job.Running; {
		bar.show(erasureProgress(j))
		if !told && j.Done == 0 && time.Since(began) > idleTold {
			told = true
			fmt.Fprintln(to.Err, "nothing is deleted yet: a running process does that (vitrine serve, api or worker)")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("job %d goes on, not followed any more: it cannot be aborted", j.ID)
		case <-tick.C:
		}
		next, err := accounts.Erasure(ctx, c.ID)
		switch {
		case err == nil:
			j, answered = next, time.Now()
		case ctx.Err() != nil: // said above
		case fault.KindOf(err) != fault.Unavailable || time.Since(answered) > outageLimit:
			return fmt.Errorf("job %d goes on, not followed any more: %w", j.ID, err)
		}
	}
	bar.finish(erasureProgress(j))
	return nil
}

// erasureProgress is the job as a progress shows it.
func erasureProgress(j job.Job) client.Job {
	return client.Job{ID: j.ID, Total: j.Total, Done: j.Done, State: string(j.State)}
}

func withAccounts(ctx context.Context, program Program, to Streams, command string, use func(*auth.Accounts) error) error {
	return program.WithAccounts(ctx, to, command, func(accounts *auth.Accounts) error {
		if err := use(accounts); err != nil {
			return byKind(fmt.Errorf("%s: %w", command, err))
		}
		return nil
	})
}

// eachPage writes the entries of a list page by page; write returns the position of each.
func eachPage[T any](to io.Writer, read func(after int64) ([]T, bool, error), write func(io.Writer, T) (int64, error)) error {
	out := bufio.NewWriter(to)
	for after, more := int64(0), true; more; {
		var list []T
		var err error
		if list, more, err = read(after); err != nil {
			return err
		}
		for _, entry := range list {
			if after, err = write(out, entry); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func writeUser(w io.Writer, u auth.User) error {
	return writeLine(w, struct {
		ID        int64     `json:"id"`
		Name      string    `json:"name"`
		Email     string    `json:"email,omitempty"`
		CreatedAt time.Time `json:"created_at"`
	}{u.ID, u.Name, u.Email, u.CreatedAt.UTC()})
}
