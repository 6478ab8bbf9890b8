# shellcheck shell=sh
# The tools of npm and PyPI that tools/interop pins, in .tools/interop. Sourced by
# scripts/setup.

install_interop() {
	for program in node npm python3; do
		if ! command -v "$program" >/dev/null; then
			echo "setup: $program is not installed; make interop needs Node.js 20 and Python 3.11 or later" >&2
			return 1
		fi
	done
	now=$(cat tools/interop/package-lock.json tools/interop/requirements.txt | cksum)
	[ "$now" != "$(cat .tools/interop/built.txt 2>/dev/null)" ] || return 0
	echo "setup: installing tools of npm and PyPI into .tools/interop"
	mkdir -p .tools/interop
	cp tools/interop/package.json tools/interop/package-lock.json .tools/interop/
	{
		(cd .tools/interop && npm ci --ignore-scripts --no-audit --no-fund) &&
			python3 -m venv .tools/interop/venv &&
			.tools/interop/venv/bin/python -m pip install --quiet --no-deps --requirement tools/interop/requirements.txt
	} >.tools/interop.log 2>&1 || {
		tail -n 30 .tools/interop.log >&2
		return 1
	}
	echo "$now" >.tools/interop/built.txt
}
