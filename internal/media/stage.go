package media

// Stage is how far the work on an image has come, whatever its product shows
// meanwhile. An image without work has none.
type Stage int

// The stages, as the database keeps them.
const (
	Later  Stage = 0 // in line from a moment on; a new image from the moment it was created
	Parked Stage = 1 // its host has no room
	InLine Stage = 2 // it waits for its rank
	Out    Stage = 3 // dispatched, and begun or not
)

// Kind is why an image is worked on.
type Kind string

// The kinds of jobs.
const (
	First   Kind = "first"   // it shows nothing yet
	Refresh Kind = "refresh" // its source may have changed
	Repair  Kind = "repair"  // files of what it shows are lost
)
