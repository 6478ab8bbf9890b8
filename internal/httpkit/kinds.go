package httpkit

import (
	"net/http"
	"strings"

	"vitrine.dev/internal/fault"
)

// PathProblems is where the pages of the kinds of problems are, by name.
const PathProblems = "/problems/"

// CodeInsufficientScope is the code of the answer to a key without any of the scopes that
// a route wants.
const CodeInsufficientScope = "insufficient-scope"

// ProblemKind is a kind of problem that a program can tell from others.
type ProblemKind struct {
	Name   string // its code; of those without Text, the phrase of the status
	Status int
	Title  string // the phrase of the status where there is no Text
	Text   string // what has happened and what to do, in a paragraph; "" where the status tells all
	fault  fault.Kind
	uri    string // the registered type; "" where the kind is ours
}

// Type is the URI of the kind: the path of its page, or about:blank, which says
// that the status tells all (RFC 9457 section 4.2.1).
//
// RFC 9457 section 3.1.1 recommends absolute URIs where possible, else relative
// ones with the full path. An absolute one is not possible here: an installation
// does not know under which addresses it is reached, the header Host is the
// client's claim, and PUBLIC_BASE_URL may name a network that serves images only.
// So a type is the same text in every installation, and its page comes from the one
// that answered, without another server. Behind a proxy that adds a prefix the
// reference does not lead to the page; the code identifies the kind all the same.
// A kind that is registered with IANA has its URI there, and a page here too.
func (k ProblemKind) Type() string {
	if k.Text == "" {
		return "about:blank"
	}
	if k.uri != "" {
		return k.uri
	}
	return PathProblems + k.Name
}

// ProblemKinds are all kinds that are told apart. A fault of a kind is the first of
// it, unless the fault has a code; a Refuse the first of its status.
func ProblemKinds() []ProblemKind {
	kinds := []ProblemKind{
		{
			Name: "malformed-request", Status: http.StatusBadRequest, Title: "The request cannot be read",
			Text: "The body is not JSON in UTF-8, or the path, the query or a header breaks the rules of its syntax, so " +
				"nothing in it was looked at. The detail says where. The same request fails again: correct what sends it.",
		},
		{
			Name: "unauthenticated", Status: http.StatusUnauthorized, Title: "A valid API key is required",
			Text: "The request has no API key, or one that is mistyped, unknown, expired or revoked. Send it as " +
				"Authorization: Bearer and the key. WWW-Authenticate says which of these it was (RFC 6750).",
		},
		{
			Name: "forbidden", Status: http.StatusForbidden, Title: "The key may not do this", fault: fault.Forbidden,
			Text: "The request names a user whom its API key does not belong to, or a page of another site has sent it. " +
				"Nothing was done. Leave user_id out, or use a key of that user.",
		},
		{
			Name: CodeInsufficientScope, Status: http.StatusForbidden, Title: "The key lacks a scope",
			Text: "The API key is valid, and has none of the scopes that this needs; WWW-Authenticate lists them. " +
				"Nothing was done. Use a key that has one of them: the scopes of a key do not change.",
		},
		{
			Name: "not-found", Status: http.StatusNotFound, Title: "There is no such thing", fault: fault.NotFound,
			Text: "Nothing is at this path: the path is wrong, or what it named never existed or was deleted. Ids are " +
				"not used again, so what was deleted does not come back.",
		},
		{Status: http.StatusMethodNotAllowed},
		{Status: http.StatusRequestTimeout},
		{
			Name: "conflict", Status: http.StatusConflict, Title: "Its state does not allow this", fault: fault.Conflict,
			Text: "The thing exists, and it is not in a state in which this can be done to it: an image that is not " +
				"failed cannot be retried, a job that is done cannot be aborted. Or it would have a value that another " +
				"thing has already and only one may have, such as external_id, which errors names. Read it again before you decide.",
		},
		{
			Name: fault.CodeEventsGone, Status: http.StatusGone, Title: "The events after the position are gone",
			Text: "The position (after, or Last-Event-ID) is older than the events that are kept, or the database was " +
				"restored since it was given out, so what followed it cannot be told without a gap. Note where the log is " +
				"now (GET /events with after=latest, its next_cursor), read the products again, and go on from there.",
		},
		{
			Name: "stale-version", Status: http.StatusPreconditionFailed, Title: "It has changed since it was read", fault: fault.Stale,
			Text: "The precondition of the request (If-Match, or for images also If-Unmodified-Since) does not hold: " +
				"another request has changed the thing since it was read. Nothing was done. Read it again, apply " +
				"the change to what is there now, and send it with the new ETag.",
		},
		{
			Name: "too-large", Status: http.StatusRequestEntityTooLarge, Title: "The body is too large",
			Text: "The body has more bytes than this path takes; the detail says how many it takes. Nothing was " +
				"done. The same request fails again: send less, or in parts.",
		},
		{Status: http.StatusUnsupportedMediaType},
		{
			Name: "misdirected-request", Status: http.StatusMisdirectedRequest, Title: "This server is not known by that name",
			Text: "Authentication is off, so the server answers to requests for localhost and the names it was given only: " +
				"a page of another site may have had its own name lead here. Ask it by another name, or add the name to ALLOWED_HOSTS.",
		},
		{Status: http.StatusRequestedRangeNotSatisfiable},
		{
			Name: "validation-failed", Status: http.StatusUnprocessableEntity, Title: "Fields are invalid", fault: fault.Invalid,
			Text: "The request could be read, and some of its fields break rules. Each is listed in errors with the " +
				"reason, and with the pointer (JSON Pointer, RFC 6901) of a field of the body or the name of a " +
				"parameter, up to a hundred of them. Nothing was done. The same request fails again: correct the fields.",
		},
		{
			Name: fault.CodeKeyReused, Status: http.StatusUnprocessableEntity, Title: "The idempotency key was used for another request",
			Text: "The Idempotency-Key has created something else before. Nothing was done. Send a new key for each " +
				"new thing, and the same key only with the same body, when the answer to it was lost.",
		},
		{
			Name: "quota-exceeded", Status: http.StatusTooManyRequests, Title: "Too many requests",
			// draft-ietf-httpapi-ratelimit-headers-11 section 5.1
			uri: "https://iana.org/assignments/http-problem-types#quota-exceeded",
			Text: "More requests came from the address or with the key than are allowed in the time; violated-policies " +
				"says by which limit. Nothing was done. Send the same request again after the seconds that Retry-After gives.",
		},
		{Status: http.StatusInternalServerError},
		{
			Name: "unavailable", Status: http.StatusServiceUnavailable, Title: "A part of the service is not available", fault: fault.Unavailable,
			Text: "A part that is needed for the answer cannot be reached, or too much is under way. Send the same " +
				"request again after the seconds that Retry-After gives. A change may have been made although its answer " +
				"was lost: protect it with If-Match, and a create with an Idempotency-Key.",
		},
	}
	for i, k := range kinds {
		if k.Text == "" {
			kinds[i] = statusKind(k.Status)
		}
	}
	return kinds
}

// statusKind is the kind of a status that tells all.
func statusKind(status int) ProblemKind {
	phrase := StatusText(status)
	return ProblemKind{Name: strings.ToLower(strings.ReplaceAll(phrase, " ", "-")), Status: status, Title: phrase}
}

// kindOfStatus is the kind of a Refuse: the one of the code, or else the first of the
// status.
func kindOfStatus(status int, code string) ProblemKind {
	for _, k := range ProblemKinds() {
		if k.Status == status && (code == "" || code == k.Name) {
			return k
		}
	}
	return statusKind(status)
}

// kindOfFault is the kind of an error of the domain.
func kindOfFault(f *fault.Error) ProblemKind {
	for _, k := range ProblemKinds() {
		if f.Code == k.Name || f.Code == "" && f.Kind == k.fault && f.Kind != fault.Internal {
			return k
		}
	}
	return statusKind(http.StatusInternalServerError)
}

// StatusText is the registered phrase of the status (RFC 9110 section 15, and the
// registry of IANA); net/http has earlier ones of these four.
func StatusText(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusRequestURITooLong:
		return "URI Too Long"
	case http.StatusRequestedRangeNotSatisfiable:
		return "Range Not Satisfiable"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}
