// Package monitor says whether a process can do its work. Each part is checked
// for what the process has to do with it: a database that answers but takes no
// changes is not the same as one that does. Writing probes run at most once a
// minute, and the outcome of real work counts as one.
package monitor
