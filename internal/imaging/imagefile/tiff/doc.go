// Package tiff reads the directories of TIFF files, and of EXIF, which is built
// like one.
package tiff
