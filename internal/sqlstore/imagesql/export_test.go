package imagesql

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Read reads a step's window through from, without bounds.
func (s *Images) Read(ctx context.Context, from sqldb.Querier, r dispatch.Request, p dispatch.Plan) (dispatch.Window, error) {
	return s.window(ctx, from, bound{}, r, p)
}

// Move is the statement that writes what a step decided, and its arguments for a row.
func (s *Images) Move() (statement string, args []any) {
	table, args := s.db.Numbers(2, []string{"row_id", "old_stage", "old_token", "new_stage", "new_class", "new_rank", "new_cost"},
		[][]int64{{1, 2, 0, 3, 0, 5, 1}})
	return s.db.SQL(fmt.Sprintf(moved, table)), append([]any{int64(1000)}, args...)
}

// ReadSilent reads the silent hosts through from, without bounds.
func (s *Images) ReadSilent(ctx context.Context, from sqldb.Querier, silent time.Duration, limit int) ([]media.SilentHost, error) {
	return s.silentHosts(ctx, from, silent, limit)
}
