package sqlstore

// Tables are those that a probe asks for rights to.
func Tables() []string { return schema().Tables }
