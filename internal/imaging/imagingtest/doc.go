// Package imagingtest makes pictures for tests and has the suite that every
// imaging engine passes over them. The pictures are drawn by code: like
// photographs they have gradients, edges and noise, so that they cost a codec
// about what a photograph does, and every corner has a colour of its own, so
// that a rotated or mirrored picture is distinguished from an upright one.
//
// More files than usual: each kind of picture (photo, animations, attacks_bombs,
// worst…) is one file with its makers and what the suite expects of it, and the
// makers of chunks, boxes and directories serve all of them.
package imagingtest
