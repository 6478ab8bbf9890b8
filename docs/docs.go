// Package docs holds the documentation, which the program serves too.
package docs

import "embed"

// FS has the pages in Markdown, and llms.txt, which lists them (llmstxt.org).
//
//go:embed *.md llms.txt
var FS embed.FS
