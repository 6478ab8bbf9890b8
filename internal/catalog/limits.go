package catalog

// Limits on what one product may hold.
const (
	MaxNameRunes        = 200
	MaxDescriptionRunes = 10_000
	MaxImages           = 50
	MaxURLBytes         = 2048

	DefaultListLimit = 100
	MaxListLimit     = 1000
	// MaxPageBytes bounds the names and descriptions on one page of a list: a
	// page ends before the product that would exceed it, and has one at least.
	MaxPageBytes   = 1 << 20
	maxSearchRunes = 200
)
