// Package tracing makes the spans of distributed traces (OpenTelemetry) and carries their
// context: from a request's traceparent header to the image's row, into the job on the
// queue, to the worker, and onto log lines. It knows the interface of OpenTelemetry alone:
// where spans go, if anywhere, is up to package otlp.
//
// A root, the span of a request or of an attempt, is begun by a Tracer, which the
// configuration makes or does not make. All others are begun with Start under the span that
// their context has; where it has none, that costs nothing.
package tracing
