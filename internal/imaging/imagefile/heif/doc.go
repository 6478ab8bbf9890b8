// Package heif reads the boxes of AVIF and HEIC files (ISO/IEC 14496-12 and
// 23008-12).
package heif
