package catalog

// Limits on what one product may hold.
const (
	MaxNameRunes        = 200
	MaxDescriptionRunes = 10_000
	MaxImages           = 50
	MaxURLBytes         = 2048

	DefaultListLimit = 100
	MaxListLimit     = 1000
	maxSearchRunes   = 200
)
