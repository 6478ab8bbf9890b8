package httpkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// Media types.
const (
	TypeJSON       = "application/json"
	TypeMergePatch = "application/merge-patch+json"
	TypeProblem    = "application/problem+json"
)

// WriteJSON answers with v.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := Encode(v)
	if err != nil {
		return err
	}
	Write(w, status, TypeJSON, body)
	return nil
}

// Write answers with the body. Errors are ignored: the client has disconnected.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Encode writes v as one line of JSON.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// NewEncoder writes values as lines of JSON, with &, < and > as they are.
func NewEncoder(to *bytes.Buffer) *json.Encoder {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	return e
}
