// Package webp reads and strips the RIFF chunks of WebP files.
package webp
