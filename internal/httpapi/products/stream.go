package products

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/httpkit"
)

// typeLines is JSON on lines: https://github.com/ndjson/ndjson-spec
const typeLines = "application/x-ndjson"

const (
	// linesAtOnce is how many products are read in one transaction.
	linesAtOnce = 500
	// linesTimeout is how long a client may take for what was read at once.
	linesTimeout = time.Minute
)

// Streams reports whether the client would rather have all products on lines.
func Streams(r *http.Request) bool { return httpkit.Prefers(r, typeLines, httpkit.TypeJSON) }

// stream answers with all that the filter selects, at most its limit where it has one: page after page,
// each read by itself and sent before the next is read. Nothing more is read once the client
// has left.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, f catalog.Filter) error {
	rest := f.Limit // 0: all
	f.Limit = linesOf(rest)
	sent := http.NewResponseController(w)
	for begun := false; ; begun = true {
		next, n, err := h.sendLines(r.Context(), w, f, begun)
		if err != nil {
			return err
		}
		if next.ID == 0 || r.Method == http.MethodHead {
			return nil
		}
		if rest > 0 {
			if rest -= n; rest == 0 {
				return nil
			}
			f.Limit = linesOf(rest)
		}
		if err := sent.Flush(); err != nil {
			return fmt.Errorf("flush lines: %w", err)
		}
		f.After = next
	}
}

// linesOf is how many products are read at once where so many are wanted, 0 for all.
func linesOf(wanted int) int {
	if wanted == 0 {
		return linesAtOnce
	}
	return min(wanted, linesAtOnce)
}

// sendLines sends one page, and the header before the first. It returns where the next
// page begins.
func (h *Handler) sendLines(ctx context.Context, w http.ResponseWriter, f catalog.Filter, begun bool) (next find.Position, n int, err error) {
	held, err := h.Lists.Take(ctx, maxPageMemory)
	if err != nil {
		return next, 0, err
	}
	defer held.Free()
	page, err := h.Service.List(ctx, f)
	if err != nil {
		return next, 0, fmt.Errorf("load lines: %w", err)
	}
	var lines bytes.Buffer
	e := httpkit.NewEncoder(&lines)
	next = page.Next
	for i, p := range page.Products {
		if err := e.Encode(wireSummary(p, h.URL)); err != nil {
			return next, 0, err
		}
		if n++; lines.Len() > maxPageBody && i < len(page.Products)-1 {
			next = f.PositionOf(p)
			break
		}
		page.Products[i] = catalog.Summary{}
	}
	held.Shrink(int64(lines.Len()))
	if !begun {
		w.Header().Set("Content-Type", typeLines)
		w.Header().Set("Cache-Control", "no-store")
	}
	// A connection that has no deadlines ends by other means.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(linesTimeout))
	if _, err := w.Write(lines.Bytes()); err != nil {
		return next, n, fmt.Errorf("send lines: %w", err)
	}
	return next, n, nil
}
