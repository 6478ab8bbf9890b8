package client

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// slowestUpload is how slow a picture may be sent, in bytes a second, as the server has it.
const slowestUpload = 64 << 10

// UploadOrder says which picture is sent.
type UploadOrder struct {
	User   int64 // 0 for that of the key
	SHA256 []byte
	Bytes  int64
}

// Upload sends a picture in two steps. Images of the user may be of it for as long as the upload
// lives, and it stays for as long as any is.
func (c *Client) Upload(ctx context.Context, o UploadOrder, picture io.Reader) (lives time.Duration, err error) {
	order := map[string]any{"bytes": o.Bytes, "sha256": hex.EncodeToString(o.SHA256)}
	if o.User != 0 {
		order["user_id"] = o.User
	}
	got, err := c.do(ctx, http.MethodPost, "/uploads", order)
	if err != nil {
		return 0, err
	}
	var u wire.CreatedUpload
	if err := got.decode(&u); err != nil {
		return 0, err
	}
	if err := c.sendPicture(ctx, u, picture, o.Bytes); err != nil {
		return 0, err
	}
	_, err = c.do(ctx, http.MethodPost, "/uploads/"+url.PathEscape(u.ID)+"/complete", nil)
	return u.ExpiresAt.Sub(u.CreatedAt), err
}

// sendPicture sends it to where the server says, which may be the storage: without the key.
func (c *Client) sendPicture(ctx context.Context, u wire.CreatedUpload, picture io.Reader, bytes int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout+time.Duration(bytes/slowestUpload)*time.Second)
	defer cancel()
	target := u.URL
	if strings.HasPrefix(target, "/") {
		target = c.base + target
	}
	req, err := http.NewRequestWithContext(ctx, u.Method, target, io.NopCloser(picture))
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	req.ContentLength = bytes
	for name, value := range u.Headers {
		req.Header.Set(name, value)
	}
	resp, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return fmt.Errorf("the picture was not sent: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = problemOf(resp.StatusCode, text)
	}
	return err
}
