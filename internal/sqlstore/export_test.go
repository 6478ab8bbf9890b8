package sqlstore

import "context"

// Exec runs a statement that no port offers.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.Writer.ExecContext(ctx, s.SQL(statement), args...)
	return err
}
