package config

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// environment is the variables that a configuration is read from. Each form in
// which a setting may be given (a file, a URL) is turned into the plain
// variables, so that the rules see one form.
type environment struct {
	values   map[string]string
	spelling map[string]string // of variables that came in another form
	problems []string
	notices  []notice
}

// notice is logged once at start.
type notice struct {
	level   slog.Level
	message string
	args    []any
}

// LogNotices logs what is to be reported of the configuration.
func (c Config) LogNotices(ctx context.Context, log *slog.Logger) {
	for _, n := range c.notices {
		log.Log(ctx, n.level, n.message, n.args...) //nolint:sloglint // whoever wrote the notice keeps its arguments in pairs
	}
}

// newEnvironment takes an empty value as unset: compose files and shells leave
// such.
func newEnvironment(variables map[string]string) *environment {
	given := &environment{values: map[string]string{}, spelling: map[string]string{}}
	for name, value := range variables {
		if value != "" {
			given.values[name] = value
		}
	}
	return given
}

func (e *environment) has(name string) bool { return e.values[name] != "" }

// spelled is the variable by which the operator set it.
func (e *environment) spelled(name string) string {
	if other, ok := e.spelling[name]; ok {
		return other
	}
	return name
}

// origins says of each variable that was given in which form it was.
func (e *environment) origins() map[string]string {
	origins := make(map[string]string, len(e.values))
	for name := range e.values {
		origins[name] = e.spelled(name)
	}
	return origins
}

func (e *environment) problem(format string, args ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, args...))
}

func (e *environment) warn(message string, args ...any) {
	e.notices = append(e.notices, notice{slog.LevelWarn, message, args})
}

// variableOf is the variable that a problem begins with.
func variableOf(problem string) string {
	name, _, _ := strings.Cut(problem, " ")
	return name
}

// nameOrigins adds to problems of plain variables, which they begin with, the
// variable that the operator set.
func (e *environment) nameOrigins(problems []string) {
	for i, problem := range problems {
		if other, ok := e.spelling[variableOf(problem)]; ok {
			problems[i] += " (it comes from " + other + ")"
		}
	}
}

// linkName is a variable that Docker's links and Kubernetes' services set in
// every container: https://docs.docker.com/engine/network/links/ and
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
var linkName = regexp.MustCompile(`_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?$|_ENV_`)

// isLink reports whether Docker or Kubernetes set the variable for a service or
// container that has the name of a part of ours.
func isLink(name, value string) bool {
	return linkName.MatchString(name) || strings.HasSuffix(name, "_PORT") && isLinkAddress(value)
}

func isLinkAddress(value string) bool {
	protocol, _, found := strings.Cut(value, "://")
	return found && slices.Contains([]string{"tcp", "udp", "sctp"}, protocol)
}

// dropLinks ignores what was injected for a service called db, redis or queue:
// REDIS_PORT=tcp://10.0.0.1:6379 is not a port, and not the operator's. A link of
// Docker's also has a name such as /web/db.
func (e *environment) dropLinks() {
	for _, server := range []string{"DB", "REDIS", "QUEUE"} {
		if !isLinkAddress(e.values[server+"_PORT"]) {
			continue
		}
		delete(e.values, server+"_PORT")
		if strings.HasPrefix(e.values[server+"_NAME"], "/") {
			delete(e.values, server+"_NAME")
		}
		e.notices = append(e.notices, notice{
			slog.LevelInfo,
			"variable ignored: Docker or Kubernetes set it for a service of that name",
			[]any{"variable", server + "_PORT"},
		})
	}
}
