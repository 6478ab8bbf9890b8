package httpapi

// Routes are the methods and paths of the API, as http.ServeMux spells them.
func Routes() [][2]string {
	var list [][2]string
	for _, r := range (Deps{URL: func(string) string { return "" }}).routes() {
		list = append(list, [2]string{r.Method, r.Path})
	}
	return list
}
