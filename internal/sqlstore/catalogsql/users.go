package catalogsql

import (
	"context"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// UserExists implements catalog.Store.
func (s *Products) UserExists(ctx context.Context, id int64) (known bool, err error) {
	err = s.db.WithRetry(ctx, "look up user", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)`, id).Scan(&known)
	})
	return known, err
}

// AddUser implements catalog.UserStore.
func (s *Products) AddUser(ctx context.Context, name string) (u catalog.User, err error) {
	err = s.db.WriteWithRetry(ctx, "add user", func(ctx context.Context) error {
		var created int64
		u.Name = name
		err := s.db.Writer.QueryRowContext(ctx, s.db.SQL(
			`INSERT INTO users (name, created_at) VALUES ($1, {now}) RETURNING id, created_at`), name).Scan(&u.ID, &created)
		u.CreatedAt = sqldb.Time(created)
		return err
	})
	return u, err
}

// ListUsers implements catalog.UserStore.
func (s *Products) ListUsers(ctx context.Context, after int64, limit int) (users []catalog.User, err error) {
	return sqldb.Select(ctx, s.db, "list users", func(row sqldb.Row, u *catalog.User) error {
		var created int64
		err := row.Scan(&u.ID, &u.Name, &created)
		u.CreatedAt = sqldb.Time(created)
		return err
	}, `SELECT id, name, created_at FROM users WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}
