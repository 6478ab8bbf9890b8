package work

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/statistics"
)

// chart is a picture of series over time: drawn here, and again by the script, which has it answer to the pointer.
type chart struct {
	ID, Title, About, Text string
	Series                 []series
	Data                   string // for the script
	From, To               time.Time
	Top                    string // what its height stands for
	Columns                []stack
	Line                   string // points of a polyline; "": there is none
}

// series is one of a chart.
type series struct {
	Label   string         `json:"label"`
	Colour  string         `json:"colour"`
	Bars    bool           `json:"bars"`    // one on top of the other; else it is a line, with a scale of its own
	Seconds bool           `json:"seconds"` // its values are a time
	Values  []*float64     `json:"values"`  // nil: not known
	Href    string         `json:"href"`    // where a click leads
	Links   map[int]string `json:"links,omitempty"`
	Total   string         `json:"-"`
}

// stack is what stands at one time: bars on top of each other.
type stack struct {
	Title string
	Parts []rect
}

// rect is a part of a column, in the units of the drawing.
type rect struct {
	Class, Href         string
	X, Y, Width, Height string
}

// The size of a drawing, in its own units.
const (
	chartWidth  = 1000
	chartHeight = 200
)

func newChart(id, title, about, text string, past statistics.History, all ...series) chart {
	points := past.Points
	c := chart{ID: id, Title: title, About: about, Text: text, Series: all, From: points[0].At, To: points[len(points)-1].At.Add(time.Duration(past.Length) * statistics.Length)}
	times := make([]int64, len(points))
	for i, p := range points {
		times[i] = p.At.Unix()
	}
	data, err := json.Marshal(struct {
		Times  []int64  `json:"times"`
		Series []series `json:"series"`
	}{times, all})
	if err == nil { // there is nothing in it that cannot be written
		c.Data = string(data)
	}
	c.draw(points)
	return c
}

// draw makes the columns of the bars and the line of the others.
func (c *chart) draw(points []statistics.Point) {
	highest := 0.0
	for i := range points {
		sum := 0.0
		for _, s := range c.Series {
			if s.Bars {
				sum += value(s, i)
			}
		}
		highest = max(highest, sum)
	}
	c.Top = frame.Rate(highest)
	each := float64(chartWidth) / float64(len(points))
	for i, p := range points {
		column := stack{Title: clock(p.At) + " UTC"}
		at := float64(chartHeight)
		for _, s := range c.Series {
			v := value(s, i)
			if !s.Bars || v == 0 {
				continue
			}
			height := v / highest * chartHeight
			at -= height
			column.Title += fmt.Sprintf(", %s %s", frame.Rate(v), strings.ToLower(s.Label))
			column.Parts = append(column.Parts, rect{s.Colour, cmp.Or(s.Links[i], s.Href), units(float64(i)*each + each/10), units(at), units(each * 8 / 10), units(height)})
		}
		if len(column.Parts) > 0 {
			c.Columns = append(c.Columns, column)
		}
	}
	for _, s := range c.Series {
		if !s.Bars {
			c.Line = lineOf(s, each)
		}
	}
}

// lineOf is the points of a series that has a scale of its own.
func lineOf(s series, each float64) string {
	highest := 0.0
	for i := range s.Values {
		highest = max(highest, value(s, i))
	}
	var points []string
	for i, v := range s.Values {
		if v != nil && highest > 0 {
			points = append(points, units(float64(i)*each+each/2)+","+units(chartHeight-*v/highest*chartHeight))
		}
	}
	return strings.Join(points, " ")
}

// value is 0 where it is not known.
func value(s series, i int) float64 {
	if s.Values[i] == nil {
		return 0
	}
	return *s.Values[i]
}

func units(v float64) string { return fmt.Sprint(math.Round(v*10) / 10) }
