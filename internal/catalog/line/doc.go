// Package line reads and writes the line by which people select products:
//
//	status:failed host:example.com user:7 price:10..20 external:"SKU 1" "red shoe"
//
// Words without a key are looked for in names. A value with blanks, quotes or colons is put
// between quotes, in which \" and \\ stand for a quote and a backslash.
package line
