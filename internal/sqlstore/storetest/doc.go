// Package storetest is the conformance suite of the stores: what the domain may
// rely on, whichever database is below.
//
// More files than usual: one for each thing that is promised, in one suite that a
// database passes as a whole.
package storetest
