// Package failpoint lets tests build a Vitrine that dies at a chosen step or
// has a chosen defect, so that the tests of the promises can be shown to catch
// it. In a normal build every point is constantly off and costs nothing; only
// a build with the tag failpoints reads the environment:
//
//	VITRINE_CRASH_AT=media.fetched      the process kills itself at this Point
//	VITRINE_DEFECTS=no-invalidation,…   these defects are switched on
//	VITRINE_CLOCK_OFFSET=-2m            the wall clock is off by so much (Linux, amd64)
//
// The term is that of fail(9) of FreeBSD.
package failpoint

// The defects that the tests of the promises have to catch.
const (
	NoInvalidation        = "no-invalidation"         // changes are not announced to the cache
	OutboxOutside         = "outbox-outside"          // a create writes its outbox after its commit
	UnconditionalComplete = "unconditional-complete"  // results are written without looking at the claim
	AckBeforeWork         = "acknowledge-before-work" // messages are acknowledged as they come

	HostileDecoder = "hostile-decoder" // pictures that ask for it abort or hang their decoder
)
