package imageurl

import (
	"encoding/hex"
	"strings"
)

// An image whose picture a client has sent has a URL of ours, which names the content.
const (
	uploadPrefix = "vitrine:upload/"
	sumBytes     = 32
)

// UploadHost stands for the host of such URLs. No URL of the network has such a host: a
// name has no colon but before a port.
const UploadHost = "vitrine:upload"

// Upload returns the URL of a picture that a client has sent: sum is the SHA-256 of its bytes.
func Upload(sum [sumBytes]byte) string { return uploadPrefix + hex.EncodeToString(sum[:]) }

// UploadOf returns which picture the URL names; ok is false for any other URL.
func UploadOf(url string) (sum [sumBytes]byte, ok bool) {
	digits, ok := strings.CutPrefix(url, uploadPrefix)
	if !ok || len(digits) != hex.EncodedLen(sumBytes) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(digits))
	return sum, err == nil && Upload(sum) == url // lower case
}

// uploadFault says why a URL of ours names no picture.
func uploadFault(url string) string {
	if _, ok := UploadOf(url); !ok {
		return "must be " + uploadPrefix + " and the SHA-256 of an upload in 64 lower-case hex digits"
	}
	return ""
}
