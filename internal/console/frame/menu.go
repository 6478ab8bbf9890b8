package frame

import "vitrine.dev/internal/auth"

// entry is one of the navigation.
type entry struct {
	Key    string // also the name of its icon
	Label  string
	Path   string
	Letter string // g and this lead there
	Admin  bool   // only admins see it
	Here   bool
}

// group is entries that belong together.
type group struct {
	Label   string
	Entries []entry
}

// menu is the navigation of the principal on the page of that key.
func menu(by auth.Principal, here string) []group {
	groups := []group{
		{"", []entry{
			{Key: "now", Label: "Now", Path: Path, Letter: "n"},
			{Key: "failed", Label: "Failed", Path: Path + "/failed", Letter: "f"},
			{Key: "queue", Label: "Queue", Path: Path + "/queue", Letter: "q"},
			{Key: "hosts", Label: "Hosts", Path: Path + "/hosts", Letter: "h"},
			{Key: "workers", Label: "Workers", Path: Path + "/workers", Letter: "w"},
		}},
		{"Catalogue", []entry{
			{Key: "products", Label: "Products", Path: Path + "/products", Letter: "p"},
			{Key: "jobs", Label: "Jobs and imports", Path: Path + "/jobs", Letter: "j"},
		}},
		{"Installation", []entry{
			{Key: "consistency", Label: "Consistency", Path: Path + "/consistency", Letter: "c"},
			{Key: "users", Label: "Users and keys", Path: Path + "/users", Letter: "u", Admin: true},
			{Key: "webhooks", Label: "Webhooks", Path: Path + "/webhooks", Letter: "b", Admin: true},
			{Key: "audit", Label: "Audit", Path: Path + "/audit", Letter: "a", Admin: true},
			{Key: "settings", Label: "Settings", Path: Path + "/settings", Letter: "s", Admin: true},
		}},
	}
	for i, g := range groups {
		var entries []entry
		for _, e := range g.Entries {
			if e.Admin && !by.May(auth.Admin) {
				continue
			}
			e.Here = e.Key == here
			entries = append(entries, e)
		}
		groups[i].Entries = entries
	}
	return groups
}
