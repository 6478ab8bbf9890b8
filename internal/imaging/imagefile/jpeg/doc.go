// Package jpeg reads, repairs and strips the segments of JPEG files (ITU-T T.81).
package jpeg
