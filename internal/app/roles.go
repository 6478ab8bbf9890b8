package app

import "vitrine.dev/internal/monitor"

// role is what a process does.
type role struct {
	name   string
	api    bool // serves HTTP
	worker bool // works on images
}

// roleNamed returns the role of the command.
func roleNamed(command string) role {
	return role{name: command, api: command == "serve" || command == "api", worker: command == "serve" || command == "worker"}
}

// alone reports whether the role wants the embedded data for itself.
func (r role) alone() bool { return r.api && r.worker }

// needs is what a process cannot work without. An API answers without cache,
// broker and storage, and reads while the database takes no changes; a worker
// must write to the database and the storage.
func (r role) needs() (database, others monitor.Need) {
	if r.api {
		return monitor.Reads, monitor.Nothing
	}
	return monitor.Writes, monitor.Writes
}
