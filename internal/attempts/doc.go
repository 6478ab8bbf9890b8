// Package attempts tells what has happened to an image: the attempts at it that have ended.
package attempts
