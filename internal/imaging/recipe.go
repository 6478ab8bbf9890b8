package imaging

import "fmt"

// revision grows with every change of this package that changes what comes out
// for an unchanged preset.
const revision = 5

// Recipe implements media.Renderer. The limits are no part of it: they decide
// whether there is a result.
func (r *Renderer) Recipe() string { return fmt.Sprintf("%d; %s", revision, r.engine.Name()) }
