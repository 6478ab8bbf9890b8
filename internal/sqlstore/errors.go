package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// translate turns a driver's error into one of the domain, once. Errors that
// are of the domain already pass.
func translate(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) != fault.Internal:
		return err
	case unknownUser(err):
		return catalog.ErrUnknownUser
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", operation, err)
	case oldSchema(err):
		return fault.Wrap(fault.Unavailable, ErrOldSchema.Error(), fmt.Errorf("%s: %w: %w", operation, ErrOldSchema, err))
	case unavailable(err):
		return fault.Wrap(fault.Unavailable, "the database is not available", fmt.Errorf("%s: %w", operation, err))
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// unknownUser recognises a product of a user that does not exist: the only
// reference that an insert can break.
func unknownUser(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503" && pg.ConstraintName == "products_user_fk"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// unavailable recognises errors that say nothing about the statement: the
// database is away, starting, stopping, full or overloaded.
func unavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Connection, resources, cancelled or shutting down, read-only after a
		// failover, its own system, broken off once too often.
		for _, class := range []string{"08", "53", "57", "25006", "58", "40"} {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch primary(lite) {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	for _, known := range []error{
		driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		pgconn.ErrConnClosed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// oldSchema recognises a table or column that is not there: the program was
// started while the server was away, so that CheckSchema could not say so.
func oldSchema(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "42P01" || pg.Code == "42703")
}

// brokenOff recognises a transaction that may succeed when run anew: a
// serialization failure or a deadlock, both resolved against it.
func brokenOff(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// locked recognises a SQLite file that another process is writing to.
func locked(err error) bool {
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && primary(lite) == sqlite3.SQLITE_BUSY
}

// primary is the error's code without the detail in its upper bytes.
func primary(err *sqlite.Error) int { return err.Code() & 0xff }
