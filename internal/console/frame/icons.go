package frame

import (
	"fmt"
	"html/template"
)

// icon is a drawing of 20 by 20 in the colour of the text around it.
func icon(name string) (template.HTML, error) {
	drawings := map[string]string{
		"now":         `<path d="M2.5 10h3l2.5-6 4 12 2.5-6h3"/>`,
		"failed":      `<circle cx="10" cy="10" r="7.5"/><path d="M10 6v4.5M10 13.6v.1"/>`,
		"queue":       `<path d="M3 5h14M3 10h10M3 15h6"/>`,
		"hosts":       `<circle cx="10" cy="10" r="7.5"/><path d="M2.5 10h15M10 2.5c5 5 5 10 0 15M10 2.5c-5 5-5 10 0 15"/>`,
		"workers":     `<rect x="3" y="3" width="14" height="5.5" rx="1.5"/><rect x="3" y="11.5" width="14" height="5.5" rx="1.5"/><path d="M6 5.8h.1M6 14.2h.1"/>`,
		"products":    `<rect x="2.5" y="2.5" width="6.5" height="6.5" rx="1.2"/><rect x="11" y="2.5" width="6.5" height="6.5" rx="1.2"/><rect x="2.5" y="11" width="6.5" height="6.5" rx="1.2"/><rect x="11" y="11" width="6.5" height="6.5" rx="1.2"/>`,
		"jobs":        `<path d="M10 3v9M6.5 8.8 10 12.3l3.5-3.5M3.5 16.5h13"/>`,
		"consistency": `<path d="M10 2.5 16.5 5v4.5c0 4-2.7 6.6-6.5 8-3.8-1.4-6.5-4-6.5-8V5zM7 9.8l2.2 2.2 4-4.3"/>`,
		"users":       `<circle cx="7.5" cy="12.5" r="4"/><path d="m10.5 9.5 6.5-6.5M14 6l2.5 2.5"/>`,
		"webhooks":    `<path d="M3 10h9M8.5 6 12.5 10l-4 4M16.5 4v12"/>`,
		"audit":       `<path d="M5 2.5h7l3.5 3.5v11.5H5zM8 9.5h5M8 13h5"/>`,
		"settings":    `<path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/><circle cx="7" cy="14" r="2"/>`,
		"picture":     `<rect x="2.5" y="3.5" width="15" height="13" rx="1.5"/><circle cx="7" cy="8" r="1.5"/><path d="m3 14 4-3.5 3 2.5 3.5-4 4 4.5"/>`,
		"search":      `<circle cx="9" cy="9" r="5.5"/><path d="m13.2 13.2 4 4"/>`,
		"check":       `<path d="m4 10.5 4 4 8-9"/>`,
		"arrow":       `<path d="M4 10h12M11 5l5 5-5 5"/>`,
		"out":         `<path d="M8 3.5H4v13h4M8.5 10H17M13.5 6.5 17 10l-3.5 3.5"/>`,
		"retry":       `<path d="M16.5 10a6.5 6.5 0 1 1-2-4.7M16.5 2.5v3.5H13"/>`,
	}
	d, ok := drawings[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %s", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">` + d + `</svg>`), nil //nolint:gosec // a drawing of ours
}
