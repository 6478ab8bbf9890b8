// Package failpoint lets tests build a Vitrine that dies at a chosen step. In a
// normal build every point is constantly off and costs nothing; only a build
// with the tag failpoints reads the environment:
//
//	VITRINE_CRASH_AT=media.fetched      the process kills itself at this Point
//
// The term is that of fail(9) of FreeBSD.
package failpoint
