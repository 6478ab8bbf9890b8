package fetch

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"vitrine.dev/internal/fault"
)

// maxCodings bounds how often one body may have been encoded.
const maxCodings = 3

// codings returns the content codings of the body in the order in which they
// were applied (RFC 9110, 8.4), without identity. We ask for none, but some
// hosts store their files encoded and send them so to everybody.
func codings(r *http.Response) ([]string, *fault.Failure) {
	var list []string
	for _, value := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			switch coding = strings.ToLower(strings.TrimSpace(coding)); coding {
			case "", "identity":
			case "gzip", "x-gzip", "deflate":
				list = append(list, coding)
			default:
				return nil, fault.Fail(fault.UnsupportedType, fmt.Sprintf(
					"The host sent a body in the encoding %.40q, which was not asked for; gzip and deflate are decoded.", coding), nil)
			}
		}
	}
	if len(list) > maxCodings {
		return nil, fault.Fail(fault.UnsupportedType, fmt.Sprintf("The host encoded the body more than %d times.", maxCodings), nil)
	}
	return list, nil
}

// decoded returns what the encoded body holds. Its errors are *fault.Failure,
// or those of body.
func decoded(coding string, body io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(body)
	_, err := buffered.Peek(1)
	var d io.Reader
	switch {
	case err != nil: // io.EOF of an empty body, which is one in every coding
	case coding != "deflate":
		d, err = newGzipReader(buffered)
	case isZlib(buffered):
		d, err = zlib.NewReader(buffered)
	default:
		d = flate.NewReader(buffered)
	}
	if err != nil {
		return nil, damaged(err)
	}
	return reader(func(p []byte) (int, error) {
		n, err := d.Read(p)
		return n, damaged(err)
	}), nil
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// damaged turns an error of a decoder into a failure. A stream that only ends
// too early is none: the host may send all of it the next time.
func damaged(err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	for _, known := range []error{gzip.ErrHeader, gzip.ErrChecksum, zlib.ErrHeader, zlib.ErrChecksum, zlib.ErrDictionary} {
		corrupt = corrupt || errors.Is(err, known)
	}
	if !corrupt {
		return err
	}
	return fault.Fail(fault.DecodeFailed, "The host's answer is damaged, or not in the encoding that it names.", err)
}

// isZlib tells which of two forms a body called deflate has: RFC 9110, 8.4.1.2,
// asks for the zlib format, but some hosts send what is inside it. The first
// two bytes of zlib (RFC 1950) say the method, 8, and are a multiple of 31. A
// bare stream begins like that only with a stored block that has its padding
// set.
func isZlib(body *bufio.Reader) bool {
	head, err := body.Peek(2)
	return err == nil && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0
}

// maxMembers bounds the parts of a gzip body: each costs time, also where it
// holds nothing.
const maxMembers = 1000

// gzipReader reads the members of a gzip body one after the other (RFC 1952,
// 2.2), and ends where something else follows: padding, or a payload. gzip's
// own way takes that for an error.
type gzipReader struct {
	source  *bufio.Reader
	member  *gzip.Reader
	members int
}

func newGzipReader(source *bufio.Reader) (*gzipReader, error) {
	member, err := gzip.NewReader(source)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &gzipReader{source: source, member: member, members: 1}, nil
}

func (g *gzipReader) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if n, err = g.member.Read(p); errors.Is(err, io.EOF) {
			err = g.next()
		}
	}
	return n, err
}

// next goes on to the next member. io.EOF where there is none.
func (g *gzipReader) next() error {
	head, err := g.source.Peek(2)
	switch {
	case err != nil:
		return err
	case head[0] != 0x1f || head[1] != 0x8b:
		return io.EOF
	case g.members == maxMembers:
		return fault.Fail(fault.DecodeFailed, fmt.Sprintf("The host's gzip has more than %d members.", maxMembers), nil)
	}
	g.members++
	if err := g.member.Reset(g.source); err != nil {
		return err
	}
	g.member.Multistream(false)
	return nil
}
