//go:build darwin || freebsd || linux || netbsd

package vips

import (
	"context"

	"vitrine.dev/internal/imaging/engine"
)

// picture is one image or the frames of an animation, all in memory.
type picture struct {
	frames []*image
	timing timing
}

var _ engine.Picture = (*picture)(nil)

func (p *picture) Size() (width, height int) { return p.frames[0].width(), p.frames[0].height() }
func (p *picture) Frames() int               { return len(p.frames) }
func (p *picture) Alpha() bool               { return p.frames[0].hasAlpha() }
func (p *picture) Still() engine.Picture     { return &picture{frames: []*image{p.frames[0].ref()}} }

func (p *picture) Close() {
	for _, f := range p.frames {
		f.close()
	}
	p.frames = nil
}

func (p *picture) Resize(ctx context.Context, width, height int) (engine.Picture, error) {
	out := &picture{timing: p.timing}
	for _, f := range p.frames {
		small, err := chain(f.ref(),
			func(im *image) (*image, error) { return im.resize(ctx, width, height) },
			func(im *image) (*image, error) { return im.cast(formatByte) },
			func(im *image) (*image, error) { return im.materialise(ctx) },
		)
		if err != nil {
			out.Close()
			return nil, crashed(ctx, err)
		}
		out.frames = append(out.frames, small)
	}
	return out, nil
}

func (p *picture) Sample(ctx context.Context) (engine.Picture, error) {
	first := p.frames[0]
	if min(first.width(), first.height()) <= engine.SampleSide {
		return p.Still(), nil
	}
	var tiles []*image
	defer func() {
		for _, t := range tiles {
			t.close()
		}
	}()
	for i := range engine.SampleTiles * engine.SampleTiles {
		column, row := i%engine.SampleTiles, i/engine.SampleTiles
		tile, err := first.area(engine.SampleAt(column, first.width()), engine.SampleAt(row, first.height()),
			engine.SampleTile, engine.SampleTile)
		if err != nil {
			return nil, crashed(ctx, err)
		}
		tiles = append(tiles, tile)
	}
	joined, err := arrange(tiles, engine.SampleTiles)
	if err != nil {
		return nil, crashed(ctx, err)
	}
	return &picture{frames: []*image{joined}}, nil
}

// crashed is the failure of work on pixels that are decoded already.
func crashed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return engine.Crashed(err)
}
