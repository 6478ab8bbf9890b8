// Package gif reads, repairs and strips the blocks of GIF files.
package gif
