// Package sandbox renders pictures in child processes, so that a picture which
// crashes the decoder or never ends fails alone. Each child is the
// program itself, started with a variable in its environment (see IsChild), and
// renders one picture at a time. It has no credentials and no connection but
// the pipes to its parent; it ends when they close.
//
// Parent and child exchange frames: one byte of kind, four bytes of length (big
// endian), and the payload.
//
//	parent  configure  JSON of imaging.Config, once
//	child   ready      JSON: recipe and engine, or why there is none
//	parent  render     JSON of media.Preset, then the bytes of a picture
//	child   cost       eight bytes: the pixels that it is about to hold at once
//	parent  admit      there is room for them
//	parent  full       there is none now
//	child   dropped    it has dropped the picture, which will be sent again
//	child   outcome    JSON of result or failure, then the files, one after another
//
// Where bytes follow JSON in a payload, four bytes in front are its length.
package sandbox
