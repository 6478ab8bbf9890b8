package imagesql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
)

// wokenMost bounds the hosts whose breaker lets a probe through at once.
const wokenMost = 50

// window reads what a step looks at, in the order in which the plan asks.
func (s *Images) window(
	ctx context.Context, from sqldb.Querier, low bound, r dispatch.Request, p dispatch.Plan,
) (w dispatch.Window, err error) {
	if w, err = s.queue(ctx, from, low); err != nil {
		return w, err
	}
	lowest := floor(w)
	if r.Users {
		if err = s.dueOfUsers(ctx, from, r.After, low.due, &w); err != nil {
			return w, err
		}
	}
	if r.Walk {
		if w.Walked, err = s.walk(ctx, from, r.Cursor); err != nil {
			return w, err
		}
	}
	for class := range dispatch.Class(dispatch.Classes) {
		if !p.Others(w, class) {
			continue
		}
		others, err := s.otherUsers(ctx, from, class, lowest)
		if err != nil {
			return w, err
		}
		w.Line[class] = append(w.Line[class], others...)
	}
	if w.Hosts, err = s.hostStates(ctx, from, hostsOf(w, p.Hosts(w)), w.Out, r.Ranks, lowest); err != nil {
		return w, err
	}
	if asks := p.Asks(w); len(asks) > 0 {
		if w.Parked, err = s.nextParked(ctx, from, asks); err != nil {
			return w, err
		}
	}
	w.Ends, err = s.ends(ctx, from, p.Flows(w), lowest)
	return w, err
}

// queue reads all that is out and what of it is downloaded, the heads of the lines,
// what is due and which hosts are to be woken. The limits are literals, since PostgreSQL
// would plan again for each value.
func (s *Images) queue(ctx context.Context, from sqldb.Querier, low bound) (w dispatch.Window, err error) {
	const (
		isClock = -1
		isHost  = -2
		isWork  = -3
	)
	type row struct {
		dispatch.Row

		newest bool
	}
	list, err := sqldb.Collect(ctx, from, func(found sqldb.Row, r *row) error {
		return found.Scan(append(rowTargets(&r.Row), &r.newest)...)
	}, s.db.SQL(fmt.Sprintf(`
		SELECT * FROM (SELECT %[1]s, FALSE FROM images WHERE stage = 2 AND class = 0 AND rank >= $1 ORDER BY rank LIMIT %[2]d) AS known
		UNION ALL SELECT * FROM (SELECT %[1]s, FALSE FROM images WHERE stage = 2 AND class = 1 AND rank >= $2 ORDER BY rank LIMIT %[2]d) AS contact
		UNION ALL SELECT * FROM (SELECT %[1]s, FALSE FROM images WHERE stage = 3 AND dispatched_until >= $3) AS outside
		UNION ALL SELECT * FROM (SELECT %[1]s, TRUE FROM images
			WHERE stage = 0 AND due_at >= $4 AND due_at > {now} - %[3]d AND due_at <= {now} ORDER BY due_at DESC LIMIT %[4]d) AS newest
		UNION ALL SELECT * FROM (SELECT %[1]s, FALSE FROM images
			WHERE stage = 0 AND due_at >= $4 AND due_at <= {now} - %[3]d ORDER BY due_at LIMIT %[4]d) AS oldest
		UNION ALL SELECT * FROM (SELECT 0, 0, host, %[5]d, 0, 0, 0, 0, FALSE, 0, FALSE, FALSE FROM hosts
			WHERE open_until > 0 AND open_until <= {now} ORDER BY open_until LIMIT %[6]d) AS woken
		UNION ALL SELECT * FROM (SELECT 0, 0, fetched, %[8]d, 0, 0, 0, 0, FALSE, 0, FALSE, FALSE FROM processes WHERE fetched <> '') AS works
		UNION ALL SELECT 0, 0, '', %[7]d, 0, 0, 0, {now}, FALSE, 0, FALSE, FALSE`,
		rowFields, dispatch.LineWindow, dispatch.NewestFor.Milliseconds(), dispatch.DueAtOnce, isHost, wokenMost, isClock, isWork)), low.rank[0], low.rank[1], low.token, low.due)
	if err != nil {
		return w, err
	}
	var fetched []string
	ends := map[bool]int{} // what is due, by whether it is among the newest
	for _, r := range list {
		switch r.Stage {
		case isClock:
			w.Now = r.Token
		case isHost:
			w.Woken = append(w.Woken, r.Host)
		case isWork:
			fetched = append(fetched, r.Host)
		case media.InLine:
			w.Line[r.Class] = append(w.Line[r.Class], r.Row)
		case media.Out:
			w.Out = append(w.Out, r.Row)
		default:
			w.Due = append(w.Due, r.Row)
			ends[r.newest]++
			w.More = w.More || ends[r.newest] == dispatch.DueAtOnce
		}
	}
	return w, markFetched(w.Out, fetched)
}

// Fetched reads what each process has written of what it has downloaded, some of which
// may be out no more.
func Fetched(ctx context.Context, from sqldb.Querier) ([]processes.Fetched, error) {
	written, err := sqldb.Collect(ctx, from, func(row sqldb.Row, text *string) error { return row.Scan(text) },
		`SELECT fetched FROM processes WHERE fetched <> ''`)
	if err != nil {
		return nil, err
	}
	return decodeFetched(written)
}

func decodeFetched(written []string) (all []processes.Fetched, err error) {
	for _, text := range written {
		var list []processes.Fetched
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("what a process has downloaded: %w", err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// markFetched notes of the rows that are out what each process has written of them.
func markFetched(out []dispatch.Row, written []string) error {
	type dispatched struct{ image, token int64 }
	known := map[dispatched]processes.Fetched{}
	list, err := decodeFetched(written)
	if err != nil {
		return err
	}
	for _, f := range list {
		known[dispatched{f.Image, f.Token}] = f
	}
	for i, r := range out {
		if f, ok := known[dispatched{r.ID, r.Token}]; ok {
			out[i].Fetched, out[i].Released = true, f.Released
		}
	}
	return nil
}

// dueOfUsers reads the next users who have images that are later, and what became due
// first of each. That nothing is due before lowest spares it, too, what has moved on.
func (s *Images) dueOfUsers(ctx context.Context, from sqldb.Querier, after, lowest int64, w *dispatch.Window) (err error) {
	w.Users, err = sqldb.IDs(ctx, from, fmt.Sprintf(`
		WITH RECURSIVE users_later (user_id, n) AS (
			SELECT (SELECT i.user_id FROM images i WHERE i.stage = 0 AND i.due_at >= $2 AND i.user_id > $1 ORDER BY i.user_id, i.due_at LIMIT 1), 1
			UNION ALL SELECT (SELECT i.user_id FROM images i WHERE i.stage = 0 AND i.due_at >= $2 AND i.user_id > u.user_id
				ORDER BY i.user_id, i.due_at LIMIT 1), u.n + 1
			FROM users_later u WHERE u.user_id IS NOT NULL AND u.n < %d)
		SELECT user_id FROM users_later WHERE user_id IS NOT NULL`, dispatch.UsersAtOnce), after, lowest)
	if err != nil || len(w.Users) == 0 {
		return err
	}
	rows := make([][]int64, len(w.Users))
	for i, user := range w.Users {
		rows[i] = []int64{user}
	}
	table, args := s.db.Numbers(2, []string{"of_user"}, rows)
	heads, err := sqldb.Collect(ctx, from, scanRow, s.db.SQL(`
		SELECT `+rowFields+` FROM (
			SELECT (SELECT i.id FROM images i WHERE i.user_id = of_user AND i.stage = 0 AND i.due_at >= $1 AND i.due_at <= {now}
				ORDER BY i.due_at LIMIT 1) AS head FROM `+table+`) AS heads JOIN images ON images.id = head`), append([]any{lowest}, args...)...)
	for _, r := range heads {
		if !slices.ContainsFunc(w.Due, func(known dispatch.Row) bool { return known.ID == r.ID }) {
			r.HeadOfUser = true
			w.Due = append(w.Due, r)
		}
	}
	return err
}

// otherUsers reads the head of the line of each of the UsersAtOnce users with the lowest
// ids. No one depends on it: a user beyond them is at the head of the line when it has
// moved there, and it moves whenever a slot is free. That no rank is below
// the lowest spares it most of what is left of rows that have moved on: the index knows it.
func (s *Images) otherUsers(ctx context.Context, from sqldb.Querier, class dispatch.Class, lowest int64) ([]dispatch.Row, error) {
	return sqldb.Collect(ctx, from, scanRow, s.db.SQL(fmt.Sprintf(`
		WITH RECURSIVE users_in_line (user_id, n) AS (
			SELECT (SELECT i.user_id FROM images i WHERE i.stage >= 2 AND i.rank >= $2 ORDER BY i.user_id, i.class, i.rank LIMIT 1), 1
			UNION ALL SELECT (SELECT i.user_id FROM images i WHERE i.stage >= 2 AND i.rank >= $2 AND i.user_id > u.user_id
				ORDER BY i.user_id, i.class, i.rank LIMIT 1), u.n + 1
			FROM users_in_line u WHERE u.user_id IS NOT NULL AND u.n < %d)
		SELECT %s FROM (
			SELECT (SELECT i.id FROM images i WHERE i.stage >= 2 AND i.user_id = u.user_id AND i.class = $1 AND i.rank >= $2 AND i.stage + 0 = 2
				ORDER BY i.rank LIMIT 1) AS head FROM users_in_line u) AS heads JOIN images ON images.id = head`,
		dispatch.UsersAtOnce, rowFields)), int(class), lowest)
}

// ends reads the end of the last image in line or out of each flow that has any, none of which has a rank
// below the lowest.
func (s *Images) ends(ctx context.Context, from sqldb.Querier, flows []dispatch.Flow, lowest int64) (map[dispatch.Flow]int64, error) {
	ends := map[dispatch.Flow]int64{}
	if len(flows) == 0 {
		return ends, nil
	}
	rows := make([][]int64, len(flows))
	for i, f := range flows {
		rows[i] = []int64{f.UserID, int64(f.Class)}
	}
	table, args := s.db.Numbers(2, []string{"of_user", "of_class"}, rows)
	type ended struct {
		dispatch.Flow

		end int64
	}
	list, err := sqldb.Collect(ctx, from, func(row sqldb.Row, e *ended) error { return row.Scan(&e.UserID, &e.Class, &e.end) }, `
		SELECT of_user, of_class, last_end FROM (
			SELECT of_user, of_class, (SELECT rank + cost FROM images
				WHERE user_id = of_user AND class = of_class AND stage >= 2 AND rank >= $1 ORDER BY rank DESC LIMIT 1) AS last_end FROM `+table+`) AS ended
		WHERE last_end IS NOT NULL`, append([]any{lowest}, args...)...)
	for _, e := range list {
		ends[e.Flow] = e.end
	}
	return ends, err
}
