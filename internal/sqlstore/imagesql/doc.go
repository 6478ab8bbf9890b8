// Package imagesql keeps the images of products and their renditions. Every change
// of an image's state is written here, each in one place: docs/image-states.md
// draws them. What makes an image failed, and what makes it start over, has one
// wording each (setFailed, startOver).
//
// More files than usual: each is one thing that is read or moved, and they share
// the texts of transitions.go.
package imagesql
