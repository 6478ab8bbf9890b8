package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vitrine.dev/internal/fault"
)

// Translate turns a driver's error into one of fault or of the schema, once.
// Errors that have a kind already pass. The methods of DB that run statements
// have translated theirs.
func (db *DB) Translate(operation string, err error) error {
	if err != nil && fault.KindOf(err) == fault.Internal && db.schema.Translate != nil {
		if known := db.schema.Translate(err); known != nil {
			return known
		}
	}
	return translate(operation, err)
}

func translate(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) != fault.Internal:
		return err
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", operation, err)
	case oldSchema(err):
		return fault.Wrap(fault.Unavailable, oldSchemaMessage, fmt.Errorf("%s: %w: %w", operation, ErrOldSchema, err))
	case transactionPooled(err):
		return fault.Wrap(fault.Unavailable, "the database is not available", fmt.Errorf("%s: %w: %w", operation, ErrTransactionPooling, err))
	case refusesChanges(err):
		return fault.Wrap(fault.Unavailable, "the database accepts no changes at the moment", fmt.Errorf("%s: %w", operation, err))
	case unavailable(err):
		return fault.Wrap(fault.Unavailable, "the database is not available", fmt.Errorf("%s: %w", operation, err))
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// ErrTransactionPooling says that each transaction meets another connection.
var ErrTransactionPooling = errors.New("a pooler in transaction mode stands before the database: " +
	"set DB_POOL_MODE=transaction, or connect to the server itself")

// transactionPooled recognises that a prepared statement is not, or is already,
// on the connection: with connections of our own neither happens.
func transactionPooled(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "26000" || pg.Code == "42P05")
}

// BrokenReference recognises a reference to a row that is not there, by the
// name of its constraint. SQLite does not say which it was.
func BrokenReference(err error, constraint string) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503" && pg.ConstraintName == constraint
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// BrokenUnique recognises a row whose values another has that a unique index does
// not allow twice, by the name of the index. SQLite does not say which it was.
func BrokenUnique(err error, index string) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505" && pg.ConstraintName == index
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// Denied recognises that a role may not ask the server something, or that the
// server does not know the question: hosts and forks tell more or less of
// themselves.
func Denied(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains([]string{"42501", "42883", "0A000", "55000"}, pg.Code)
}

// unavailable recognises errors that say nothing about the statement: the
// database cannot be reached, refuses this role, is starting, stopping, full,
// read-only, damaged or overloaded. Whoever operates it can change that, and
// then the same statement succeeds.
func unavailable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	// Whatever went wrong while connecting: name, address, TLS, login, a server
	// that is no PostgreSQL. Also what the server answered to that is no matter
	// of a statement.
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return unavailableState(pg.Code)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return unavailableCode(primary(lite))
	}
	if _, ok := errors.AsType[net.Error](err); ok {
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

// unavailableState does the same for SQLSTATEs, by their class or in full:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func unavailableState(code string) bool {
	for _, prefix := range []string{
		"08",    // connection exception
		"25006", // read-only: a standby, or default_transaction_read_only
		"25P03", // idle in transaction for too long: the connection was ended
		"25P04", // transaction timeout
		"28",    // the login was refused
		"3D",    // no such database
		"3F",    // no such schema
		"40",    // broken off once too often
		"42501", // the role lacks a right
		"53",    // out of disk, memory or connections
		"55006", // in use
		"55P03", // a lock was not to be had
		"57",    // cancelled, shutting down, starting
		"58",    // its own system: files, input and output
		"72",    // the snapshot was too old
		"F0",    // its configuration file
	} {
		if strings.HasPrefix(code, prefix) {
			return true
		}
	}
	return false
}

// unavailableCode does the same for SQLite's primary result codes:
// https://www.sqlite.org/rescode.html
func unavailableCode(code int) bool {
	switch code {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, // another process has it
		sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, // disk or memory
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, // rights
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, // damaged
		sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_INTERRUPT:
		return true
	default:
		return false
	}
}

// refusesChanges recognises a database that answers but takes no changes: a
// standby, a server or a file that is read-only, a full disk.
func refusesChanges(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "25006" || pg.Code == "53100"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && (primary(lite) == sqlite3.SQLITE_READONLY || primary(lite) == sqlite3.SQLITE_FULL)
}

// oldSchema recognises a table or column that is not there: the program was
// started while the server was unavailable, so that CheckSchema could not say so.
func oldSchema(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "42P01" || pg.Code == "42703")
}

// brokenOff recognises a transaction that may succeed when run again: a
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
