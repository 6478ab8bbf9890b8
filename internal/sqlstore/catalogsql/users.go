package catalogsql

import "context"

// UserExists implements catalog.Store and auth.Lookup.
func (s *Products) UserExists(ctx context.Context, id int64) (known bool, err error) {
	err = s.db.WithRetry(ctx, "look up user", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND erasing_at = 0)`, id).Scan(&known)
	})
	return known, err
}
