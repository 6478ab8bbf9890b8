package purego

import "math"

// weightBits is the precision of the weights of a filter.
const weightBits = 14

// filter says which source samples make each destination sample, and with
// which weights.
type filter struct {
	taps    int
	start   []int
	weights []int32 // taps for each destination sample, summing to 1<<weightBits
}

// newFilter makes a Catmull-Rom filter for dst samples out of src, where one
// destination sample covers scale (at least 1) source samples.
func newFilter(dst, src int, scale float64) filter {
	width := max(scale, 1)
	taps := min(src, 2*int(math.Ceil(2*width))+1)
	f := filter{taps: taps, start: make([]int, dst), weights: make([]int32, dst*taps)}
	raw := make([]float64, taps)
	for i := range dst {
		centre := (float64(i)+0.5)*scale - 0.5
		start := min(max(int(math.Ceil(centre-2*width)), 0), src-taps)
		f.start[i] = start
		sum := 0.0
		for k := range raw {
			raw[k] = catmullRom((float64(start+k) - centre) / width)
			sum += raw[k]
		}
		f.normalise(i, raw, sum)
	}
	return f
}

// normalise stores the weights of sample i so that they sum to one exactly.
func (f filter) normalise(i int, raw []float64, sum float64) {
	weights := f.weights[i*f.taps : (i+1)*f.taps]
	if sum == 0 { // the filter lies beyond the last sample
		weights[f.taps-1] = 1 << weightBits
		return
	}
	left, largest := int32(1<<weightBits), 0
	for k, v := range raw {
		weights[k] = int32(math.Round(v / sum * (1 << weightBits)))
		left -= weights[k]
		if weights[k] > weights[largest] {
			largest = k
		}
	}
	weights[largest] += left
}

func catmullRom(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	default:
		return 0
	}
}

// plane is samples of 8 bits, in groups of so many channels.
type plane struct {
	pix                             []byte
	stride, width, height, channels int
}

func newPlane(width, height, channels int) plane {
	return plane{
		pix: make([]byte, width*height*channels), stride: width * channels,
		width: width, height: height, channels: channels,
	}
}

// resample makes a plane of the size; scaleX and scaleY are how many source
// samples one destination sample covers.
func (p plane) resample(width, height int, scaleX, scaleY float64) plane {
	across := newPlane(width, p.height, p.channels)
	f := newFilter(width, p.width, scaleX)
	for y := range p.height {
		src, dst := p.pix[y*p.stride:], across.pix[y*across.stride:(y+1)*across.stride]
		if p.channels == 1 {
			f.row(dst, src)
		} else {
			f.pixels(dst, src, p.channels)
		}
	}
	down := newPlane(width, height, p.channels)
	f = newFilter(height, p.height, scaleY)
	sums := make([]int32, down.stride)
	for y := range height {
		f.column(down.pix[y*down.stride:(y+1)*down.stride], sums, across, y)
	}
	return down
}

// row filters one row of single samples.
func (f filter) row(dst, src []byte) {
	for x := range dst {
		weights := f.weights[x*f.taps : (x+1)*f.taps]
		from := src[f.start[x]:][:len(weights)]
		sum := int32(1 << (weightBits - 1))
		for k, w := range weights {
			sum += w * int32(from[k])
		}
		dst[x] = clamp(sum >> weightBits)
	}
}

// pixels filters one row of pixels with several channels.
func (f filter) pixels(dst, src []byte, channels int) {
	for x := range len(dst) / channels {
		weights := f.weights[x*f.taps : (x+1)*f.taps]
		for c := range channels {
			at := f.start[x]*channels + c
			sum := int32(1 << (weightBits - 1))
			for _, w := range weights {
				sum += w * int32(src[at])
				at += channels
			}
			dst[x*channels+c] = clamp(sum >> weightBits)
		}
	}
}

// column filters row y of the destination out of the rows of src.
func (f filter) column(dst []byte, sums []int32, src plane, y int) {
	for i := range sums {
		sums[i] = 1 << (weightBits - 1)
	}
	for k, w := range f.weights[y*f.taps : (y+1)*f.taps] {
		if w == 0 {
			continue
		}
		from := src.pix[(f.start[y]+k)*src.stride:][:len(sums)]
		for i := range sums {
			sums[i] += w * int32(from[i])
		}
	}
	for i, s := range sums {
		dst[i] = clamp(s >> weightBits)
	}
}

func clamp(v int32) byte {
	return byte(min(max(v, 0), 255))
}
