package dispatch

import "time"

// Limits are what images may take of the whole installation. An image counts at its
// host until it is downloaded, and takes its download slot until there is room for it
// among those that wait to be rendered, which each worker bounds by itself.
type Limits struct {
	Slots      int           // download slots of all workers
	Host       int           // of one host
	NewHost    int           // of a host that has never answered
	ContactFor time.Duration // how long an image of class Contact counts as one once it is out
	Life       time.Duration // of a message that no one begins: the token less this is when it was dispatched
}

// reserve is how many slots are for users who have none.
func (l Limits) reserve() int {
	if l.Slots < 4 {
		return 0
	}
	return max(l.Slots/8, 1)
}

// user is how many slots a user gets while another one waits.
func (l Limits) user() int { return max(l.Slots/2, 1) }

// contacts is how many slots first contacts get, of all users and of one.
func (l Limits) contacts() (all, user int) { return max(l.Slots/4, 1), max(l.Slots/8, 1) }
