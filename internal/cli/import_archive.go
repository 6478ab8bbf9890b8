package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/client"
)

const (
	// sentAtOnce is how many pictures of an archive are sent at the same time.
	sentAtOnce = 4
	// sendAgainAfter is how long a picture waits that could not be sent for now.
	sendAgainAfter = time.Second
)

// sender sends the pictures of an archive.
type sender struct {
	api  *client.Client
	user int64
	of   *archive.Archive
	bar  *importBar

	mu   sync.Mutex
	sent int64
}

// errTooSlow is why the products are not sent.
var errTooSlow = &exitError{errors.New("the pictures that were sent first are kept no longer, and not all were sent: nothing is imported; send them faster, or export less at once"), exitFailure}

// send sends all of them: the products that show them must come while the first one is kept.
func (s *sender) send(ctx context.Context) error {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sentAtOnce)
	err := s.of.EachSource(func(sum [sha256.Size]byte, picture *io.SectionReader) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		group.Go(func() error {
			lives, err := s.one(ctx, sum[:], picture)
			if err == nil && time.Since(began) > lives {
				err = errTooSlow
			}
			if err != nil {
				return fmt.Errorf("sources/%x: %w", sum, err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.sent++
			s.bar.draw(float64(s.sent)/float64(s.of.Sources), fmt.Sprintf("%s of %s sent", count(s.sent), several(s.of.Sources, "picture")))
			return nil
		})
		return nil
	})
	if failed := group.Wait(); failed != nil {
		err = failed // which is why the others were not begun
	}
	return err
}

// one sends a picture, again while the server restarts or an earlier copy of it is being deleted.
func (s *sender) one(ctx context.Context, sum []byte, picture *io.SectionReader) (lives time.Duration, err error) {
	order := client.UploadOrder{User: s.user, SHA256: sum, Bytes: picture.Size()}
	for began := time.Now(); ; {
		lives, err = s.api.Upload(ctx, order, io.NewSectionReader(picture, 0, picture.Size()))
		answer, answered := errors.AsType[*client.Error](err)
		again := answered && answer.Status >= http.StatusInternalServerError || client.IsTemporary(err)
		if err == nil || !again || time.Since(began) > outageLimit {
			return lives, err
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(sendAgainAfter):
		}
	}
}
