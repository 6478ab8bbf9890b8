// Package archive writes and reads exports that come with the pictures that clients have sent. An
// archive is a tar (POSIX.1-2001, pax) of
//
//	sources/<sha256>          a picture, in front of the products that show it
//	missing/<sha256>          nothing: the picture is not in the storage any more
//	products/00000001.ndjson  a part of the file of products; one after the other they are the file
//	export.json               the last entry: without it the archive is not whole
//
// It is written as a stream. Neither writing nor reading takes memory that grows with pictures.
package archive
