// Package imagefile reads the outer structure of picture files: their type,
// their segments and chunks, and the few facts in their metadata that decide
// how to decode them. It removes metadata without touching the pixels. It never
// decodes a pixel, allocates no more than a copy of its input, and is safe on
// hostile bytes.
//
// It detects the format and calls the package of that format: jpeg, png, gif,
// webp, tiff, or heif (AVIF and HEIC). What these have in common is in
// structure, colour profiles are in icc.
package imagefile
