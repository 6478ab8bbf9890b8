package sqlstore

import (
	"context"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// AddUser implements catalog.UserStore.
func (s *Store) AddUser(ctx context.Context, name string) (u catalog.User, err error) {
	err = s.WriteWithRetry(ctx, "add user", func(ctx context.Context) error {
		var created int64
		u.Name = name
		err := s.Writer.QueryRowContext(ctx, s.SQL(
			`INSERT INTO users (name, created_at) VALUES ($1, {now}) RETURNING id, created_at`), name).Scan(&u.ID, &created)
		u.CreatedAt = sqldb.Time(created)
		return err
	})
	return u, err
}

// ListUsers implements catalog.UserStore.
func (s *Store) ListUsers(ctx context.Context, after int64, limit int) (users []catalog.User, err error) {
	err = s.WithRetry(ctx, "list users", func(ctx context.Context) (err error) {
		users, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, u *catalog.User) error {
			var created int64
			err := row.Scan(&u.ID, &u.Name, &created)
			u.CreatedAt = sqldb.Time(created)
			return err
		}, `SELECT id, name, created_at FROM users WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
		return err
	})
	return users, err
}
