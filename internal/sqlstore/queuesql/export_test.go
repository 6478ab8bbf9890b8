package queuesql

import (
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
)

// BacklogStatement and WaiterStatement are what Backlog and Waiter run.
func BacklogStatement(d sqldb.Dialect) string { return d.SQL(backlog()) }
func WaiterStatement(d sqldb.Dialect) string  { return d.SQL(waiter()) }

// HostsStatement is what Hosts runs, with its arguments.
func HostsStatement(d sqldb.Dialect, q dispatch.HostQuery) (statement string, args []any) {
	return page(d, q, []processes.Fetched{{Image: 1, Token: 1}})
}

// OpenHostsStatement is what OpenHosts runs.
func OpenHostsStatement(most int) string { return openHosts(most) }

// FailingStatement is what FailingHosts runs.
func FailingStatement(d sqldb.Dialect) string { return d.SQL(failing()) }

// BusyStatement is what BusyHosts runs, with its arguments.
func BusyStatement(d sqldb.Dialect) (statement string, args []any) {
	return busy(d, dispatch.MostBusy, []processes.Fetched{{Image: 1, Token: 1}})
}
