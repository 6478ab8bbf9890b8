package config

import (
	"strings"
	"testing"
)

// TestTracing: an endpoint, or the word for it, turns it on.
func TestTracing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		variables map[string]string
		on, grpc  bool
	}{
		"nothing":          {map[string]string{"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_SAMPLER": "always_on"}, false, false},
		"endpoint":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, true, false},
		"of traces":        {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/x/y"}, true, false},
		"exporter":         {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, false},
		"disabled":         {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, false, false},
		"none":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, false, false},
		"gRPC":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true, true},
		"HTTP for traces":  {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, true, false},
		"a faulty one off": {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_ENDPOINT": "::"}, false, false},
	} {
		if on, grpc := parsed(t, c.variables).Tracing(); on != c.on || grpc != c.grpc {
			t.Errorf("%s: on %t, by gRPC %t", name, on, grpc)
		}
	}
	for _, fault := range []string{
		"OTEL_TRACES_EXPORTER=zipkin", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=thrift",
		"OTEL_TRACES_SAMPLER=jaeger_remote", "OTEL_TRACES_SAMPLER_ARG=1.1", "OTEL_TRACES_SAMPLER_ARG=NaN", "OTEL_TRACES_SAMPLER_ARG=-0.1", "OTEL_TRACES_SAMPLER_ARG=half",
		"TRACE_URL=https://traces.example/", "TRACE_URL={trace_id}", "TRACE_URL=javascript:alert({trace_id})//", "TRACE_URL=https://{trace_id}.example/", "TRACE_URL=https://{trace_id}",
		"TRACE_URL=https://me:word@traces.example/{trace_id}", "TRACE_URL=//traces.example/{trace_id}", "TRACE_URL=https:///{trace_id}", "TRACE_URL=https://traces.example{trace_id}",
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://", "OTEL_RESOURCE_ATTRIBUTES=a=b,c", "OTEL_SDK_DISABLED=perhaps",
	} {
		name, value, _ := strings.Cut(fault, "=")
		if _, err := Parse(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name+" must ") {
			t.Errorf("%s: %v", fault, err)
		}
	}
	for _, fine := range []string{
		"https://traces.example/trace/{trace_id}", "http://127.0.0.1:16686/{trace_id}?uiEmbed=v0", `https://traces.example/explore?left={"queries":[{"query":"{trace_id}"}]}`, "https://traces.example/#{trace_id}",
	} {
		if got := parsed(t, map[string]string{"TRACE_URL": fine}).TraceURL; got != fine {
			t.Errorf("%s is %s", fine, got)
		}
	}
	if _, err := Parse(map[string]string{"OTEL_SERVICE_NAME_FILE": valueFile(t, "x")}); err == nil || !strings.Contains(err.Error(), "OTEL_SERVICE_NAME_FILE is not read") {
		t.Errorf("a variable in a file: %v", err)
	}
	// What others read, and what is misspelt.
	got := warned(t, map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x", "OTEL_LOGS_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none",
		"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_PROPAGATORS": "b3", "OTEL_EXPORTER_OTLP_ENDPIONT": "http://x",
	})
	if len(got) != 1 || got["OTEL_EXPORTER_OTLP_ENDPIONT"] != "OTEL_EXPORTER_OTLP_ENDPOINT" {
		t.Errorf("warned of %v", got)
	}
}
