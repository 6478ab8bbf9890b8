package wire

// Format is the number of the wire format, a part of entity tags and of what
// the cache holds. Raise it with every change of what an answer looks like for
// the same product (a field more or less, another spelling of a value, another
// order): while programs of both formats run, each makes its own answers, and no
// client takes an old answer for a new one.
const Format = 3
