// Package rows reads and writes files of products: NDJSON, and CSV by RFC 4180. It knows lines,
// columns and where each row ends, and gives every row as a JSON object with the API's
// fields; what these may hold is judged by whoever takes the rows.
package rows
