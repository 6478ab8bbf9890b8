// Package imagefile reads the outer structure of picture files: their type,
// their segments and chunks, and the few facts in their metadata that decide
// how to decode them. It removes metadata without touching the pixels. It never
// decodes a pixel, allocates no more than a copy of its input, and is safe on
// hostile bytes.
package imagefile
