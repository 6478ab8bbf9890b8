package sqlstore

import "context"

// Exec runs a statement that no port offers.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	_, err := s.write.ExecContext(ctx, s.sql(statement), args...)
	return err
}
