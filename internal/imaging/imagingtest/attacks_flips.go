package imagingtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Files of each kind with flipped bits, and how far in front half of the flips
// are: in the headers, where they do most.
const (
	flipsPerSource = 24
	headBytes      = 256
)

// flips returns files of every format with one to four bits flipped, the same
// ones in every run. No decoder can tell all of them from pictures.
func (s suite) flips() []attack {
	small := Picture(64, 48, 1)
	sources := slices.Concat(s.sources(), []source{
		{name: "png alpha", body: TransparentPNG(64, 48)},
		{name: "gif animated", body: AnimatedGIF(40, 30, 3)},
		{name: "webp alpha", body: Fixture("alpha.webp")},
		{name: "webp lossless", body: Fixture("lossless.webp")},
		{name: "webp animated", body: Fixture("animated.webp")},
		{name: "jpeg small", body: JPEG(small, Quality)},
		{name: "jpeg exif", body: WithEXIF(JPEG(small, Quality), 6, true)},
		{name: "tiff small", body: TIFF(small)},
	})
	var list []attack
	for n, src := range sources {
		dice := rand.New(rand.NewPCG(uint64(n), 1))
		for i := range flipsPerSource {
			body := slices.Clone(src.body)
			within := len(body)
			if i%2 == 0 {
				within = min(within, headBytes)
			}
			for range 1 + i%4 {
				body[dice.IntN(within)] ^= 1 << dice.IntN(8)
			}
			list = append(list, attack{fmt.Sprintf("%s, flipped %d", src.name, i), body, harmless(), true})
		}
	}
	return list
}
