package tracing

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// SchemaURL names the version of the semantic conventions that the names below are of:
// https://opentelemetry.io/docs/specs/semconv/
const SchemaURL = semconv.SchemaURL

// The names of spans. That of a request is its method and route, as HTTP's conventions
// want it; those of an attempt's steps are media.StepName: fetch, render, store, complete.
const (
	SpanQueue       = "queue"         // from the request's commit until a worker has begun the image
	SpanAttempt     = "image attempt" // all work of one attempt at an image
	SpanAdmit       = "admit"         // below render: the wait for room in memory for the picture's pixels
	SpanDecode      = "decode"        // below render, in the process that renders
	SpanEncode      = "encode"        // likewise: all sizes and formats
	SpanPlaceholder = "placeholder"   // likewise
	SpanGet         = "GET"           // below fetch: a request to an image's host, until its header has come
	SpanPutObject   = "S3/PutObject"  // below store
)

// Attributes of the semantic conventions.
const (
	HTTPMethod       = semconv.HTTPRequestMethodKey
	HTTPRoute        = semconv.HTTPRouteKey
	HTTPStatus       = semconv.HTTPResponseStatusCodeKey
	HTTPRequestSize  = semconv.HTTPRequestBodySizeKey
	HTTPResponseSize = semconv.HTTPResponseBodySizeKey
	HTTPResend       = semconv.HTTPRequestResendCountKey // of redirects: which hop it is, from 1
	URLPath          = semconv.URLPathKey
	URLFull          = semconv.URLFullKey // without user name and query, which may hold secrets
	ServerAddress    = semconv.ServerAddressKey
	ErrorType        = semconv.ErrorTypeKey
	S3Bucket         = semconv.AWSS3BucketKey
	S3Key            = semconv.AWSS3KeyKey
	RPCSystem        = semconv.RPCSystemNameKey
	RPCMethod        = semconv.RPCMethodKey

	ServiceName     = semconv.ServiceNameKey
	ServiceVersion  = semconv.ServiceVersionKey
	ServiceInstance = semconv.ServiceInstanceIDKey
)

// Our own attributes.
const (
	Role       = attribute.Key("vitrine.role") // of the process
	RequestID  = attribute.Key("vitrine.request.id")
	ImageID    = attribute.Key("vitrine.image.id")
	ProductID  = attribute.Key("vitrine.product.id")
	Generation = attribute.Key("vitrine.image.generation")
	Attempt    = attribute.Key("vitrine.attempt")           // from 1
	JobKind    = attribute.Key("vitrine.job.kind")          // media.Kind
	Age        = attribute.Key("vitrine.image.age_seconds") // when the attempt began: since the image was accepted or last replayed
	Outcome    = attribute.Key("vitrine.outcome")           // media.Outcome
	Reason     = attribute.Key("vitrine.reason")            // fault.Reason
	BytesIn    = attribute.Key("vitrine.bytes_in")
	BytesOut   = attribute.Key("vitrine.bytes_out")
)

// The attributes of log lines.
const (
	logTrace = "trace_id"
	logSpan  = "span_id"
)
