package wire

// Health says that the process is alive.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// Readiness says whether the process can do its work.
type Readiness struct {
	Status string                `json:"status" doc:"degraded: a part is not as it should be, but requests are answered; stopping: requests are answered, but send new ones elsewhere" enum:"ready,degraded,unavailable,stopping"`
	Parts  map[string]PartHealth `json:"parts" example:"{\"database\":{\"status\":\"ok\"}}"`
}

// PartHealth is the state of one part.
type PartHealth struct {
	Status string `json:"status" doc:"read_only: it can be read, but takes no changes" enum:"ok,read_only,down"`
}
