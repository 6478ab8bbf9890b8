package processsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
)

// Alive implements processes.Store.
type Alive struct{ db *sqldb.DB }

// New returns the processes of the database.
func New(db *sqldb.DB) *Alive { return &Alive{db} }

// Heartbeat implements processes.Store.
func (s *Alive) Heartbeat(ctx context.Context, p processes.Process) error {
	fetched, err := encode(p.Fetched)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, "write heartbeat", `
		INSERT INTO processes (id, role, slots, in_flight, held, fetched, heartbeat_at, version, started_at, draining, memory, renders, pixels_used, pixel_budget)
		VALUES ($1, $2, $3, $4, $5, $6, {now}, $7, {now} - $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, in_flight = excluded.in_flight, held = excluded.held, fetched = excluded.fetched,
			heartbeat_at = excluded.heartbeat_at, draining = excluded.draining, memory = excluded.memory, renders = excluded.renders,
			pixels_used = excluded.pixels_used, pixel_budget = excluded.pixel_budget`,
		p.ID, p.Role, p.Slots, p.InFlight, p.Held, fetched, p.Version, time.Since(p.StartedAt).Milliseconds(), sqldb.OneOrZero(p.Draining),
		p.Memory, p.Renders, p.PixelsUsed, p.PixelBudget)
	if err == nil && len(p.Fetched) > 0 {
		s.db.CommittedOwn()
	}
	return err
}

// Write writes the report, if there is one; a process that is not there is no error.
func Write(ctx context.Context, tx *sql.Tx, r *processes.Report) error {
	if r == nil {
		return nil
	}
	fetched, err := encode(r.Fetched)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE processes SET fetched = $2 WHERE id = $1`, r.Process, fetched)
	}
	return err
}

func encode(fetched []processes.Fetched) (string, error) {
	if len(fetched) == 0 {
		return "", nil
	}
	text, err := json.Marshal(fetched)
	if err != nil {
		return "", fmt.Errorf("encode what is downloaded: %w", err)
	}
	return string(text), nil
}

// EndProcess implements processes.Store.
func (s *Alive) EndProcess(ctx context.Context, id string) error {
	_, err := s.db.Exec(ctx, "end process", `DELETE FROM processes WHERE id = $1`, id)
	return err
}

// Processes implements processes.Store.
func (s *Alive) Processes(ctx context.Context, within time.Duration, limit int) ([]processes.Process, error) {
	return s.list(ctx, "list processes", `heartbeat_at > {now} - $1 ORDER BY role, id`, within, limit)
}

// LostProcesses implements processes.Store.
func (s *Alive) LostProcesses(ctx context.Context, within time.Duration, limit int) ([]processes.Process, error) {
	return s.list(ctx, "list lost processes", `heartbeat_at <= {now} - $1 ORDER BY heartbeat_at DESC, id`, within, limit)
}

func (s *Alive) list(ctx context.Context, operation, selection string, within time.Duration, limit int) ([]processes.Process, error) {
	return sqldb.Select(ctx, s.db, operation, func(row sqldb.Row, p *processes.Process) error {
		var heartbeat, started int64
		err := row.Scan(&p.ID, &p.Role, &p.Slots, &p.InFlight, &heartbeat, &p.Version, &started, &p.Draining,
			&p.Memory, &p.Renders, &p.PixelsUsed, &p.PixelBudget)
		p.HeartbeatAt, p.StartedAt = sqldb.Time(heartbeat), sqldb.Time(started)
		return err
	}, `SELECT id, role, slots, in_flight, heartbeat_at, version, started_at, draining, memory, renders, pixels_used, pixel_budget FROM processes WHERE `+selection+` LIMIT $2`, within.Milliseconds(), limit)
}

// Slots implements processes.Store.
func (s *Alive) Slots(ctx context.Context, within, lease time.Duration) (slots int, err error) {
	err = s.db.WithRetry(ctx, "count slots", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(
			`SELECT coalesce(sum(CASE WHEN heartbeat_at > {now} - $1 THEN slots WHEN heartbeat_at > {now} - $2 THEN held ELSE 0 END), 0) FROM processes`),
			within.Milliseconds(), lease.Milliseconds()).Scan(&slots)
	})
	return slots, err
}

// PurgeProcesses implements processes.Store. There are few rows: they have no index, which each
// heartbeat would have to change.
func (s *Alive) PurgeProcesses(ctx context.Context, silent time.Duration, limit int) error {
	return s.db.InTx(ctx, "purge processes", func(ctx context.Context, tx *sql.Tx) error {
		for _, purge := range []struct {
			statement string
			args      []any
		}{
			{`UPDATE processes SET fetched = '' WHERE fetched <> '' AND heartbeat_at < {now} - $1`, []any{processes.Forgotten.Milliseconds()}},
			{
				`DELETE FROM processes WHERE id IN (SELECT id FROM processes WHERE heartbeat_at < {now} - $1 ORDER BY heartbeat_at LIMIT $2)`,
				[]any{silent.Milliseconds(), limit},
			},
			{
				`DELETE FROM processes WHERE id IN (SELECT id FROM processes WHERE heartbeat_at < {now} - $1 ORDER BY heartbeat_at DESC, id LIMIT $2 OFFSET $3)`,
				[]any{processes.Gone.Milliseconds(), limit, processes.LostMost},
			},
		} {
			if _, err := tx.ExecContext(ctx, s.db.SQL(purge.statement), purge.args...); err != nil {
				return err
			}
		}
		return nil
	})
}
