package httpapi

// Scopes are those of each route, by method and path.
func Scopes() map[string][]string {
	all := make(map[string][]string)
	for _, r := range (Deps{URL: func(string) string { return "" }}).routes() {
		all[r.Method+" "+r.Path] = r.Scopes
	}
	return all
}

// Routes are the methods and paths of the API, as http.ServeMux spells them.
func Routes() [][2]string {
	var list [][2]string
	for _, r := range (Deps{URL: func(string) string { return "" }}).routes() {
		list = append(list, [2]string{r.Method, r.Path})
	}
	return list
}

// Schemas are the descriptions of schemas.
func Schemas() map[string]string { return schemas() }
