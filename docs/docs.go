// Package docs holds the documentation, which the program serves too.
package docs

import "embed"

// FS has the pages in Markdown with their pictures and figures, the description that they link to, and llms.txt, which
// lists them (llmstxt.org).
//
//go:embed *.md *.json *.svg images llms.txt openapi.yaml
var FS embed.FS
