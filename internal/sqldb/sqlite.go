package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"sync"
	"time"

	"modernc.org/sqlite"

	"vitrine.dev/internal/sqldb/prepared"
)

// versionPoll is how often a SQLite database looks whether another process has
// committed: one PRAGMA, which reads a counter in shared memory.
const versionPoll = 100 * time.Millisecond

// OpenSQLite opens the file, making it where it is missing. Several processes
// may have it open. One connection writes, others read beside it (WAL). A
// commit, but of TryAlone, is synced to disk before it is acknowledged, so that also a power cut
// loses nothing: a create takes twice as long by that, one to two milliseconds.
func OpenSQLite(ctx context.Context, path string, schema Schema, log *slog.Logger) (*DB, error) {
	write, err := openFile(path, "immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openFile(path, "deferred", max(4, runtime.NumCPU()))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	db := &DB{Writer: write, Reader: read, Dialect: sqliteDialect().prepared(), schema: schema, log: log}
	// The first connection makes the file and switches it to WAL.
	if err := db.WithRetry(ctx, "open "+path, write.PingContext); err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	var tasks sync.WaitGroup
	tasks.Go(func() { db.watchVersion(watching) })
	db.closers = []func() error{
		func() error { stop(); tasks.Wait(); return nil },
		read.Close, write.Close,
		func() error { db.sharing.runners.Wait(); return nil },
	}
	return db, nil
}

// openFile waits for a lock only a quarter of a second at a time, since that
// wait does not end with a context; WithRetry repeats it for as long as it may.
func openFile(path, txLock string, connections int) (*sql.DB, error) {
	q := url.Values{"_txlock": {txLock}, "_pragma": {
		"busy_timeout(250)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	file, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := sql.OpenDB(prepared.Connector{Connector: file})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// watchVersion wakes the listeners when any connection but its own committed.
// https://www.sqlite.org/pragma.html#pragma_data_version
func (db *DB) watchVersion(ctx context.Context) {
	tick := time.NewTicker(versionPoll)
	defer tick.Stop()
	var conn *sql.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if conn == nil {
			var err error
			if conn, err = db.Reader.Conn(ctx); err != nil {
				continue
			}
		}
		var version int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
			_ = conn.Close()
			conn = nil
			continue
		}
		if version != last {
			last = version
			db.waker.wake(false)
		}
	}
}
