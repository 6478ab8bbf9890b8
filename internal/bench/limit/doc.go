// Package limit is the least that the same work costs without the program: bare handlers, and scripts of the
// tools that come with the servers. Benchmarks and the limits of costs stand beside it.
package limit
