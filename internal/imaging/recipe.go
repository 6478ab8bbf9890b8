package imaging

import "fmt"

// revision grows with every change of this package that changes what comes out
// for an unchanged configuration.
const revision = 3

// Recipe names everything beside the source that the result depends on. The
// limits are no part of it: they decide whether there is a result.
func (r *Renderer) Recipe() string {
	s := fmt.Sprintf("%d; %s; fit %d; widths %v; quality %d", revision, r.engine.Name(), Box, Widths(), r.cfg.Quality)
	if r.cfg.AVIF {
		s += fmt.Sprintf("; avif %d", r.cfg.AVIFQuality)
	}
	return s
}
