package catalog

// Note says how the published picture differs from what its source shows, where
// that is no failure. The list is closed.
type Note string

// The notes.
const (
	// FirstFrameOnly: the source is an animation, which is published as a still
	// picture of its first frame.
	FirstFrameOnly Note = "first_frame_only"
	// FirstPageOnly: the source has more pages, of which the first is published.
	FirstPageOnly Note = "first_page_only"
)

// Notes lists all of them.
func Notes() []Note { return []Note{FirstFrameOnly, FirstPageOnly} }

// Detail is the note in one sentence for people.
func (n Note) Detail() string {
	switch n {
	case FirstFrameOnly:
		return "The source is animated; only its first frame is shown."
	case FirstPageOnly:
		return "The source has several pages; only the first is shown."
	default:
		return "The picture differs from its source."
	}
}
