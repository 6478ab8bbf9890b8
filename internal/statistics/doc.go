// Package statistics counts, minute by minute, how attempts at images end, and keeps what
// waits beside that, for charts of the last hours. Its figures are no record of the work: where a process
// dies, what it has counted since it last wrote is lost, which is about a minute, or all since the database was
// out of reach; where an answer of the database is lost, that may count twice; and an attempt at the edge of a minute may count in the next one.
package statistics
