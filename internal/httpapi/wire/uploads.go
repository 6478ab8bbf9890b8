package wire

import "time"

// The statuses of an upload.
const (
	UploadWaiting  = "waiting"
	UploadComplete = "complete"
)

// Upload is a picture that is sent in two steps.
type Upload struct {
	ID        string    `json:"id"`
	UserID    int64     `json:"user_id"    minimum:"1"`
	Status    string    `json:"status"     enum:"waiting,complete" doc:"Complete: images may be of it"`
	Bytes     int64     `json:"bytes"      minimum:"1"`
	SHA256    string    `json:"sha256"`
	SourceURL string    `json:"source_url" doc:"What images of it have as their source_url, or product_images, once it is complete" example:"vitrine:upload/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at" doc:"An image must be of it by then"`
}

// CreatedUpload is a new upload, and where its picture is to be sent.
type CreatedUpload struct {
	Upload

	URL       string            `json:"url"        doc:"Where to send the picture; may be relative to that of the API"`
	Method    string            `json:"method"     enum:"PUT"`
	Headers   map[string]string `json:"headers"    nullable:"false" doc:"What to send with it"`
	SendUntil time.Time         `json:"send_until" doc:"Until when the URL is good"`
}
