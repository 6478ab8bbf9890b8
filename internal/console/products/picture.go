package products

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
)

// picturePage is what the page of a picture shows.
type picturePage struct {
	picture

	Product  catalog.Product
	Sentence string // why it is not there, or that it is
	Timeline []moment
	Curl     []command
	Here     bool   // the API is at the origin of the page
	Path     string // of its actions
	Source   string // where the picture is that was sent; "": it has a URL
}

func (p *Pages) picture(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	read, err := p.read(r)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read product: %w", err)
	}
	id, err := frame.PathID(r, "image")
	if err != nil {
		return frame.Answer{}, err
	}
	var waiting *dispatch.Waiting
	img, err := frame.Ask(r.Context(), func(ctx context.Context) (img catalog.Image, err error) {
		img, waiting, err = p.Work.Image(ctx, by, read.ID, id)
		return img, err
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read image %d of product %d: %w", id, read.ID, err)
	}
	history, err := frame.Ask(r.Context(), func(ctx context.Context) (attempts.History, error) {
		return p.Attempts.Of(ctx, by, read.ID, id)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read attempts at image %d of product %d: %w", id, read.ID, err)
	}
	page := picturePage{
		picture: p.pictureOf(img, read.Name), Product: read, Sentence: sentenceOf(img, waiting, time.Now()), Timeline: timelineOf(img, history, p.TraceURL),
		Path: fmt.Sprintf("%s/products/%d/images/%d", frame.Path, read.ID, id), Curl: curlOf(img, read.ID, p.Redirects), Here: !frame.IsApart(r),
	}
	if uploaded(img) && img.Rendition != nil {
		page.Source = page.Path + "/source"
	}
	return frame.Answer{Page: frame.Page{Title: "Picture " + strconv.FormatInt(id, 10), Nav: "products", Name: "picture", Data: page, Live: true}}, nil
}

// sentenceOf says where the picture is.
func sentenceOf(img catalog.Image, waiting *dispatch.Waiting, now time.Time) string {
	until := ""
	if waiting != nil && waiting.Until.After(now) {
		until = ", expected " + frame.Ago(waiting.Until, now)
	}
	last := ""
	if img.Problem != nil {
		last = " The last attempt failed: " + lower(frame.ReasonWords(img.Problem.Reason)) + "."
	}
	switch {
	case img.Status == catalog.Ready && img.RefreshError != "":
		return "It is published. It could not be fetched again: " + lower(frame.ReasonWords(img.RefreshError)) + "."
	case img.Status == catalog.Ready:
		return "It is published."
	case img.Status == catalog.Failed && img.Problem != nil:
		return fmt.Sprintf("It failed for good after %s: %s", frame.Plural(img.Attempts, "attempt"), img.Problem.Detail)
	case img.Status == catalog.Failed:
		return "It failed for good."
	case waiting == nil:
		return "It is worked on." + last
	case waiting.For == dispatch.ForHost:
		return "It waits for its host, which has as many fetches as it may have, or does not answer" + until + "." + last
	case waiting.For == dispatch.ForRetry:
		return "It waits to be tried again" + until + "." + last
	default:
		return "It waits for its turn" + until + "." + last
	}
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// action reads the ids of a picture and does something about it.
func action(r *http.Request, do func(ctx context.Context, by auth.Principal, product, image int64) error, note string) (frame.Answer, error) {
	product, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	image, err := frame.PathID(r, "image")
	if err != nil {
		return frame.Answer{}, err
	}
	if err := do(r.Context(), auth.From(r.Context()), product, image); err != nil {
		return frame.Answer{}, fmt.Errorf("image %d of product %d: %w", image, product, err)
	}
	return frame.Answer{SeeOther: fmt.Sprintf("/products/%d/images/%d", product, image), Note: note}, nil
}

func (p *Pages) retry(r *http.Request) (frame.Answer, error) {
	return action(r, func(ctx context.Context, by auth.Principal, product, image int64) error {
		_, _, err := p.Failures.ReplayImage(ctx, by, product, image)
		return err
	}, "The picture is tried again.")
}

func (p *Pages) refresh(r *http.Request) (frame.Answer, error) {
	return action(r, p.Catalog.RefreshImage, "The picture is fetched again. It goes on showing what it does until there is another one.")
}
