// Package docs holds the documentation, which the program serves too.
package docs

import "embed"

// FS has the pages in Markdown, the description that they link to, and llms.txt, which
// lists them (llmstxt.org).
//
//go:embed *.md llms.txt openapi.yaml
var FS embed.FS
