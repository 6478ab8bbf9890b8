package frame

import (
	"encoding/base64"
	"net/http"
)

// noteCookie takes a sentence from a change to the page after it.
const noteCookie = "vitrine_note"

// noteSeconds is how long it may take to get there.
const noteSeconds = 30

// leaveNote has the next page show the sentence.
func leaveNote(w http.ResponseWriter, r *http.Request, note string) {
	http.SetCookie(w, NewCookie(r, noteCookie, base64.RawURLEncoding.EncodeToString([]byte(note)), noteSeconds))
}

// takeNote returns the sentence that was left, once.
func takeNote(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(noteCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, NewCookie(r, noteCookie, "", -1))
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return ""
	}
	return string(text)
}

// NewCookie returns a cookie that only the console gets, for so many seconds, no script reads,
// and no other site has sent along.
func NewCookie(r *http.Request, name, value string, seconds int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure where it is served by https
		Name: name, Value: value, Path: Path, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}
