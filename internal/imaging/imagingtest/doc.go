// Package imagingtest makes pictures for tests and holds the suite that every
// imaging engine has to pass over them. The pictures are drawn by code: like
// photographs they have gradients, edges and noise, so that they cost a codec
// about what a photograph does, and every corner has a colour of its own, so
// that a turned or mirrored picture is told from an upright one.
package imagingtest
