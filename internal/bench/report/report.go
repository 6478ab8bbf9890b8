// Package report keeps what `make bench` measured: as JSON, and drawn from that as a table in a page
// of the docs and as a picture. A figure that was not taken again stays, with its date.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The files in the folder of a Report.
const (
	DataFile    = "benchmarks.json"
	PictureFile = "benchmarks.svg"
	PageFile    = "benchmarks.md"
)

// Report is what was measured, in the order of the table.
type Report struct {
	Schema  string   `json:"$schema"`
	Figures []Figure `json:"figures"`
}

// Figure is a line of the table: what was measured, beside its limit, and how near to it that is to be.
type Figure struct {
	Name   string    `json:"name"`             // of what was measured: one word, or several with hyphens
	What   string    `json:"what"`             // the same as a sentence says it
	Limit  string    `json:"limit"`            // what it stands beside
	Ours   Quantity  `json:"ours"`             // medians of the rounds
	Beside *Quantity `json:"beside,omitempty"` // of the limit, of the same rounds; absent for a goal that is a quantity
	Value  float64   `json:"value"`            // what the goal is of, in Unit
	Unit   string    `json:"unit"`             // "" for a ratio
	Goal   float64   `json:"goal"`             // that the value is to reach
	AtMost bool      `json:"at_most"`          // whether the value is to be at most the goal, rather than at least
	Also   []Also    `json:"also,omitempty"`   // for information
	Rounds int       `json:"rounds"`
	Taken  string    `json:"taken"`            // the date
	Of     string    `json:"of"`               // the revision of the program
	Cores  int       `json:"cores"`            // of the machine
	Go     string    `json:"go"`               // the version
	Beware string    `json:"beware,omitempty"` // what a reader must know
}

// Quantity is a number with its unit.
type Quantity struct {
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Also is what was measured beside.
type Also struct {
	Name   string    `json:"name"`
	Ours   Quantity  `json:"ours"`
	Beside *Quantity `json:"beside,omitempty"`
}

// Reached says whether the goal is.
func (f Figure) Reached() bool { return f.Share() >= 1 }

// Share is which part of the goal is reached: 1 is all of it.
func (f Figure) Share() float64 {
	if f.AtMost {
		return f.Goal / max(f.Value, 1e-9)
	}
	return f.Value / f.Goal
}

// Add puts the figure in the place of the one of its name, or at the end.
func (r *Report) Add(f Figure) {
	if i := slices.IndexFunc(r.Figures, func(g Figure) bool { return g.Name == f.Name }); i >= 0 {
		r.Figures[i] = f
		return
	}
	r.Figures = append(r.Figures, f)
}

// Sort orders the figures as the names are; others come last.
func (r *Report) Sort(names []string) {
	place := func(f Figure) int {
		if i := slices.Index(names, f.Name); i >= 0 {
			return i
		}
		return len(names)
	}
	slices.SortStableFunc(r.Figures, func(a, b Figure) int { return place(a) - place(b) })
}

// Read returns the report of a folder, an empty one where there is none.
func Read(folder string) (Report, error) {
	r := Report{Schema: "benchmarks.schema.json", Figures: []Figure{}}
	text, err := os.ReadFile(filepath.Join(folder, DataFile)) //nolint:gosec // the caller names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read the report: %w", err)
	}
	return r, nil
}

// Write writes the report to a folder: the data, the picture, and the section of the page, which must have one.
func (r Report) Write(folder string) error {
	page, err := os.ReadFile(filepath.Join(folder, PageFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if page, err = Replace(page, r.Table()); err != nil {
		return err
	}
	picture, err := r.Picture()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	for name, text := range map[string][]byte{DataFile: append(data, '\n'), PictureFile: picture, PageFile: page} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil { //nolint:gosec // docs are for everybody
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}
