package server

import (
	"io"
	"net/http"
)

// response notes what was answered, for the access log.
type response struct {
	http.ResponseWriter
	before func() // called before the header is written
	status int    // 0 until the header is written
	bytes  int64  // of the body
}

func (r *response) WriteHeader(status int) {
	if status >= http.StatusOK {
		r.begin(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom lets files go to the socket without a copy through this process.
func (r *response) ReadFrom(src io.Reader) (int64, error) {
	r.begin(http.StatusOK)
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// Unwrap serves http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) begin(status int) {
	if r.status == 0 {
		r.status = status
		r.before()
	}
}
