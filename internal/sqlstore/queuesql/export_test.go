package queuesql

import "vitrine.dev/internal/sqldb"

// BacklogStatement and WaiterStatement are what Backlog and Waiter run.
func BacklogStatement(d sqldb.Dialect) string { return d.SQL(backlog()) }
func WaiterStatement(d sqldb.Dialect) string  { return d.SQL(waiter()) }
