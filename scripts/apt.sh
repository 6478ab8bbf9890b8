# shellcheck shell=sh
# Installation with apt-get. Sourced by scripts/packages.sh.

guard=/usr/sbin/policy-rc.d
saved=$guard.before-vitrine

# as_root COMMAND…: as root, or with sudo where that needs no password or a person is at the terminal.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		sudo "$@"
	else
		echo "setup: this needs root, and sudo is not to be had" >&2
		return 1
	fi
}

install_with_apt() (
	as_root true || exit 1
	trap lift_guard EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 update ||
		echo "setup: apt-get update had errors; going on with the lists that are there" >&2
	packages=
	for part in $1; do
		packages="$packages$(debian_packages "$part")"
	done
	echo "  with: apt-get install --no-install-recommends $packages"
	set_guard
	# shellcheck disable=SC2086 # a list of words
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Use-Pty=0 install --no-install-recommends $packages </dev/null >.tools/apt.log 2>&1 || {
		tail -n 30 .tools/apt.log >&2
		exit 1
	}
	keep_off "$1"
)

# set_guard tells the packages' own scripts to start no service. The guard ends
# with the installing shell even if it cannot be lifted: it then asks what was
# there before, or allows all.
set_guard() {
	self=$(exec sh -c 'echo $PPID') # not $$, which stays that of the outer shell
	if [ -e "$guard" ] && ! grep -q before-vitrine "$guard"; then
		as_root mv "$guard" "$saved"
	fi
	cat >.tools/policy-rc.d <<-END
		#!/bin/sh
		# While scripts/setup runs, services stay off.
		[ ! -d /proc/$self ] || exit 101
		[ ! -x $saved ] || exec $saved "\$@"
		exit 0
	END
	as_root install -m 755 .tools/policy-rc.d "$guard"
	rm .tools/policy-rc.d
}

lift_guard() {
	if [ -e "$guard" ] && grep -q before-vitrine "$guard"; then
		as_root rm -f "$guard"
	fi
	if [ -e "$saved" ]; then
		as_root mv "$saved" "$guard"
	fi
}

# keep_off keeps what we brought from being started at the next boot.
keep_off() {
	command -v systemctl >/dev/null || return 0
	for part in $1; do
		case $part in
		postgres) as_root systemctl --quiet disable postgresql ;;
		redis) as_root systemctl --quiet disable redis-server ;;
		rabbitmq) as_root systemctl --quiet disable rabbitmq-server ;;
		pgbouncer) as_root systemctl --quiet disable pgbouncer ;;
		prometheus) as_root systemctl --quiet disable prometheus ;; # whose port is the one of ADMIN_ADDR
		esac >/dev/null 2>&1 || true # no systemd is running here
	done
}
