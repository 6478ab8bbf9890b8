// Package icc reads tags of ICC profiles, and makes profiles of colour spaces that
// a matrix and a curve describe.
package icc
