package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"math"
)

//go:embed picture.svg
var pictures embed.FS

// The measures of the picture, in its own units.
const (
	rowHeight  = 34
	top        = 58
	left       = 330
	wide       = 320 // of the goal
	mostShare  = 1.5 // that is drawn
	fullWidth  = 920
	bottomRoom = 18
)

type bar struct {
	What, Value, Goal string
	Y, Text, Width    float64
	Reached, More     bool
}

// Picture draws for each figure which part of its goal is reached, as SVG, for light and dark pages.
func (r Report) Picture() ([]byte, error) {
	bars := make([]bar, len(r.Figures))
	for i, f := range r.Figures {
		share := min(f.Share(), mostShare)
		bars[i] = bar{
			What: f.What, Value: Quantity{f.Value, f.Unit}.String(), Goal: f.goal(),
			Y: float64(top + i*rowHeight), Text: float64(top + i*rowHeight + 15), Width: math.Round(share * wide),
			Reached: f.Reached(), More: f.Share() > mostShare,
		}
	}
	height := float64(top + len(bars)*rowHeight + bottomRoom)
	var b bytes.Buffer
	drawing, err := template.ParseFS(pictures, "picture.svg")
	if err != nil {
		return nil, fmt.Errorf("draw the report: %w", err)
	}
	err = drawing.Execute(&b, map[string]any{
		"Width": fullWidth, "Height": height, "Left": left, "Goal": left + wide, "Bottom": height - bottomRoom, "Bars": bars,
	})
	if err != nil {
		return nil, fmt.Errorf("draw the report: %w", err)
	}
	return b.Bytes(), nil
}
