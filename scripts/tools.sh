# shellcheck shell=sh
# The Go tools of tools/go.mod, built into .tools/bin. Sourced by scripts/setup.

tool_package() {
	case $1 in
	gotestsum) echo gotest.tools/gotestsum ;;
	versitygw) echo github.com/versity/versitygw/cmd/versitygw ;;
	golangci-lint) echo github.com/golangci/golangci-lint/v2/cmd/golangci-lint ;;
	govulncheck) echo golang.org/x/vuln/cmd/govulncheck ;;
	oasdiff) echo github.com/oasdiff/oasdiff ;;
	vacuum) echo github.com/daveshanley/vacuum ;;
	benchstat) echo golang.org/x/perf/cmd/benchstat ;;
	*)
		echo "setup: no such tool: $1" >&2
		return 1
		;;
	esac
}

# tools_version changes with the pinned versions and with Go, which a linter
# must not be older than.
tools_version() {
	echo "$(cksum <tools/go.sum) $(go env GOVERSION)"
}

# stale_tools NAMES: those which are not built, or from other versions.
stale_tools() {
	mkdir -p .tools/bin .tools/built
	[ -n "$1" ] || return 0
	now=$(tools_version)
	for name in $1; do
		[ -x ".tools/bin/$name" ] && [ "$(cat ".tools/built/$name" 2>/dev/null)" = "$now" ] ||
			printf '%s ' "$name"
	done
}

build_tools() {
	packages=
	for name in $1; do
		packages="$packages $(tool_package "$name")" || return 1
	done
	# shellcheck disable=SC2086 # a list of words
	GOFLAGS= CGO_ENABLED=0 GOBIN="$PWD/.tools/bin" go -C tools install -trimpath -ldflags=-s $packages >.tools/build.log 2>&1 || {
		tail -n 30 .tools/build.log >&2
		return 1
	}
	for name in $1; do
		tools_version >".tools/built/$name"
	done
}
