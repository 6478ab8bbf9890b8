// Package sourcesql keeps which pictures clients have sent, and what may refer to them. How their
// files are deleted is in gcsql, as of renditions.
package sourcesql
