package httpapi

// Routes are the methods and paths that an API serves, as http.ServeMux spells
// them.
func Routes(deps Deps) [][2]string {
	a := &api{Deps: deps}
	var list [][2]string
	for _, r := range a.routes() {
		list = append(list, [2]string{r.method, r.path})
	}
	return list
}
