package frame

import (
	"encoding/base64"
	"net/http"
	"net/url"
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
// and no other site has sent along. Over https it is Secure.
func NewCookie(r *http.Request, name, value string, seconds int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // see Secure
		Name: name, Value: value, Path: Path, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: Secure(r),
	}
}

// Secure reports whether the browser has the page by https. Origin says so of the request that sends a form, and Referer of
// one that a page of the console leads to, whatever ends TLS on its way, and no page can change them:
// https://fetch.spec.whatwg.org/#forbidden-request-header. What proxies add is
// not needed, so that none has to be configured, and what anyone may send in its place is not believed.
func Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if text := r.Header.Get("Origin"); text != "" {
		origin, err := url.Parse(text)
		return err == nil && origin.Scheme == "https"
	}
	from, err := url.Parse(r.Referer())
	return err == nil && from.Scheme == "https" && from.Host == r.Host
}
