package sandbox

// InWork returns how many pictures are in a process.
func (r *Renderer) InWork() int { return r.schedule.Held() }
