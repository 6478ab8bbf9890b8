// Package purego is the imaging engine in pure Go, for machines without
// libvips. What it cannot do it refuses, so that nothing wrong is published:
//
//   - It reads JPEG (not CMYK), PNG, GIF, WebP and TIFF. AVIF, HEIC and the
//     rest are unsupported_type.
//   - It writes baseline JPEG, and PNG where there is transparency; it has no
//     WebP and no AVIF encoder.
//   - Of animated WebP and PNG it reads the first frame. Of an animated GIF it
//     reads every frame, to see whether the file is whole, but makes only the
//     first one smaller.
//   - It converts colour profiles that consist of a matrix and curves, as those
//     of cameras, phones and screens do, and those for grey. Pictures in RGB
//     whose profile has tables only are unsupported_type: without it their
//     colours would be wrong.
package purego
