package ratelimit

// Clients is how many clients are remembered.
func (l *Limiter) Clients() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.clients.young) + len(l.clients.old)
}
