package wire

import "time"

// The statuses of an upload.
const (
	UploadWaiting  = "waiting"
	UploadComplete = "complete"
)

// Upload is a picture that is sent in two steps.
type Upload struct {
	ID        string    `json:"id" example:"kq2vj5d3m7yb6trzphnwceax4u"`
	UserID    int64     `json:"user_id"    minimum:"1" example:"1"`
	Status    string    `json:"status"     enum:"waiting,complete" doc:"Complete: images may be of it"`
	Bytes     int64     `json:"bytes"      minimum:"1" example:"2483120"`
	SHA256    string    `json:"sha256" example:"4a90f371d000ea46901dfb2633ddd3fb066fb4621134f1486c192f432361efdb"`
	SourceURL string    `json:"source_url" doc:"What images of it have as their source_url, or product_images, once it is complete" example:"vitrine:upload/4a90f371d000ea46901dfb2633ddd3fb066fb4621134f1486c192f432361efdb"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at" doc:"An image must be of it by then" example:"2026-11-03T09:30:00Z"`
}

// CreatedUpload is a new upload, and where its picture is to be sent.
type CreatedUpload struct {
	Upload

	URL       string            `json:"url"        doc:"Where to send the picture; may be relative to that of the API" example:"/uploads/kq2vj5d3m7yb6trzphnwceax4u/content?token=AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"`
	Method    string            `json:"method"     enum:"PUT"`
	Headers   map[string]string `json:"headers"    nullable:"false" doc:"What to send with it" example:"{\"Content-Type\":\"application/octet-stream\"}"`
	SendUntil time.Time         `json:"send_until" doc:"Until when the URL is good" example:"2026-11-02T10:30:00Z"`
}
