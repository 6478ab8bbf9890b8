// Package installation says whose data a process works with. An installation
// has an id, for good, and an epoch, which changes when its database went back
// in time or is another copy than before: then nothing that was remembered
// under the old epoch (cached answers, entity tags, cursors) is used any more.
//
// What is outside of the database (bucket, Redis, broker) holds a marker that
// names the installation. It is looked at with every connection, so it matters
// not which host name leads there: a part whose marker names another
// installation is not used. Which parts are outside stands in the database, so
// that a process which was given fewer of them does not run.
package installation
