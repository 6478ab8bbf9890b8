package sqlstore

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
)

// AddUser implements catalog.UserStore.
func (s *Store) AddUser(ctx context.Context, name string) (u catalog.User, err error) {
	err = s.writing(ctx, "add user", func(ctx context.Context) error {
		var created int64
		u.Name = name
		err := s.write.QueryRowContext(ctx, s.sql(
			`INSERT INTO users (name, created_at) VALUES ($1, {now}) RETURNING id, created_at`), name).Scan(&u.ID, &created)
		u.CreatedAt = moment(created)
		return err
	})
	return u, err
}

// ListUsers implements catalog.UserStore.
func (s *Store) ListUsers(ctx context.Context, after int64, limit int) (users []catalog.User, err error) {
	err = s.patiently(ctx, "list users", func(ctx context.Context) (err error) {
		users, err = scanUsers(s.read.QueryContext(ctx,
			`SELECT id, name, created_at FROM users WHERE id > $1 ORDER BY id LIMIT $2`, after, limit))
		return err
	})
	return users, err
}

func scanUsers(rows *sql.Rows, err error) ([]catalog.User, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var users []catalog.User
	for rows.Next() {
		var u catalog.User
		var created int64
		if err := rows.Scan(&u.ID, &u.Name, &created); err != nil {
			return nil, err
		}
		u.CreatedAt = moment(created)
		users = append(users, u)
	}
	return users, rows.Err()
}
