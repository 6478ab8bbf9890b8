// Package imagesql keeps the images of products and their renditions. Every change
// of an image's state is written here, each in one place: docs/image-states.md
// draws them. What makes an image failed, and what makes it start over, has one
// wording each (setFailed, startOver).
package imagesql
