// Package imports brings files of products into the catalogue: a file is received and kept in
// the storage, and a job reads it row after row, writes the products, and ends when all of the
// images that they asked for are ready or failed.
//
// Position, results and products are written in one transaction for each part, so that a crash
// neither repeats a row nor loses one. What a product may be is a rule of catalog.
package imports
