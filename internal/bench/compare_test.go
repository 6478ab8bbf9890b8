package bench_test

import "vitrine.dev/internal/bench/report"

// sample is what one turn has shown.
type sample struct {
	CPU        float64 // microseconds of what is measured for each operation
	Throughput float64 // operations a second
	P99        float64 // milliseconds; 0: not known
}

// pair is both sides of a comparison.
type pair struct{ ours, limit []sample }

// byTurns measures both, the limit first.
func (r run) byTurns(ours, limit func() sample) (p pair) {
	for range r.rounds {
		p.limit = append(p.limit, limit())
		p.ours = append(p.ours, ours())
	}
	return p
}

// medians of one figure of both sides.
func (p pair) medians(of func(sample) float64) (ours, limit float64) {
	return median(p.ours, of), median(p.limit, of)
}

// cpu makes a figure of the CPU for each operation. The value is the limit as a part of ours, or, for a goal that
// is a bound, ours as a multiple of the limit.
func (p pair) cpu(f report.Figure) report.Figure {
	ours, limit := p.medians(func(s sample) float64 { return s.CPU })
	f.Ours, f.Beside = report.Quantity{Value: ours, Unit: "µs"}, &report.Quantity{Value: limit, Unit: "µs"}
	if f.Value = limit / ours; f.AtMost {
		f.Value = ours / limit
	}
	f.Also = append(f.Also, p.throughput())
	if ours, limit := p.medians(func(s sample) float64 { return s.P99 }); ours > 0 && limit > 0 {
		f.Also = append(f.Also, report.Also{
			Name: "p99", Ours: report.Quantity{Value: ours, Unit: "ms"}, Beside: &report.Quantity{Value: limit, Unit: "ms"},
		})
	}
	return f
}

// rate makes a figure of the operations a second: ours as a part of the limit's.
func (p pair) rate(f report.Figure) report.Figure {
	both := p.throughput()
	f.Ours, f.Beside, f.Value = both.Ours, both.Beside, both.Ours.Value/both.Beside.Value
	return f
}

func (p pair) throughput() report.Also {
	ours, limit := p.medians(func(s sample) float64 { return s.Throughput })
	return report.Also{
		Name: "throughput", Ours: report.Quantity{Value: ours, Unit: "/s"}, Beside: &report.Quantity{Value: limit, Unit: "/s"},
	}
}
