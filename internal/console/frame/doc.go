// Package frame is what all pages of the console have in common: the layout and its files, who may see
// and change what, how errors are told, and the stream that says when to look again.
package frame
