package config

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
)

// openTelemetry begins the names of variables that the libraries of OpenTelemetry read, as the
// standard says: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// Those of Config are read here as well, so that their faults are reported with all others, and
// before anything runs.
const openTelemetry = "OTEL_"

// Tracing reports whether traces are sent, and whether by gRPC: where an endpoint says to whom,
// or OTEL_TRACES_EXPORTER asks for it, whose standard endpoint is this machine's.
func (c Config) Tracing() (on, grpc bool) {
	on = !c.OTELDisabled && c.TracesExporter != "none" && (c.TracesExporter != "" || c.OTLPEndpoint != "" || c.TracesEndpoint != "")
	return on, cmp.Or(c.TracesProtocol, c.OTLPProtocol) == "grpc"
}

// traceID stands for the id of a trace in TRACE_URL.
const traceID = "{trace_id}"

// tracingProblems are the faults of the variables of OpenTelemetry, of which there are none with OTEL_SDK_DISABLED,
// and of TRACE_URL.
func (c Config) tracingProblems() (list []string) {
	if !isTraceURL(c.TraceURL) {
		list = append(list, "TRACE_URL must be an http or https URL without user name and password in whose path, query or fragment "+traceID+" stands for the id of a trace")
	}
	if c.OTELDisabled {
		return list
	}
	oneOf := func(name, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a || value == "" {
				return
			}
		}
		list = append(list, name+" must be one of "+strings.Join(allowed, ", "))
	}
	oneOf("OTEL_TRACES_EXPORTER", c.TracesExporter, "otlp", "none")
	oneOf("OTEL_EXPORTER_OTLP_PROTOCOL", c.OTLPProtocol, "http/protobuf", "grpc")
	oneOf("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", c.TracesProtocol, "http/protobuf", "grpc")
	oneOf("OTEL_TRACES_SAMPLER", c.TracesSampler, "parentbased_always_on", "parentbased_traceidratio", "parentbased_always_off",
		"always_on", "traceidratio", "always_off")
	for _, endpoint := range [][2]string{{"OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLPEndpoint}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.TracesEndpoint}} {
		if u, err := url.Parse(endpoint[1]); endpoint[1] != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "") {
			list = append(list, endpoint[0]+" must be an http or https URL, such as http://localhost:4318")
		}
	}
	if ratio, err := strconv.ParseFloat(c.SamplerArg, 64); c.SamplerArg != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
		list = append(list, "OTEL_TRACES_SAMPLER_ARG must be from 0 to 1: which part of the traces is kept")
	}
	for pair := range strings.SplitSeq(c.ResourceAttrs, ",") {
		if _, _, found := strings.Cut(pair, "="); c.ResourceAttrs != "" && !found {
			list = append(list, "OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value")
			break
		}
	}
	return list
}

func isTraceURL(s string) bool {
	u, err := url.Parse(strings.ReplaceAll(s, traceID, "0"))
	ours, _, found := strings.Cut(s, traceID)
	return s == "" || found && err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		strings.Count(ours, "/") > 2
}
