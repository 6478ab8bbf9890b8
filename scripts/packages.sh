# shellcheck shell=sh
# Packages of the operating system. Sourced by scripts/setup.
#
# A part is a thing that the repository needs (vips, postgres, redis, rabbitmq,
# pgbouncer, prometheus, cc, chromium); how it is found, and what its packages are called, is written here only.

# has PART: is it there?
has() {
	case $1 in
	vips)
		for lib in /opt/homebrew/lib/libvips.42.dylib /usr/local/lib/libvips.42.dylib \
			/usr/lib/*/libvips.so.42 /usr/lib64/libvips.so.42 /usr/lib/libvips.so.42 /usr/local/lib/libvips.so.42; do
			[ ! -e "$lib" ] || return 0
		done
		return 1
		;;
	postgres)
		for initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb \
			/opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb; do
			[ ! -x "$initdb" ] || return 0
		done
		command -v initdb >/dev/null
		;;
	redis) command -v redis-server >/dev/null ;;
	rabbitmq)
		[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
			[ -x /opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server ] ||
			[ -x /usr/local/opt/rabbitmq/sbin/rabbitmq-server ] ||
			command -v rabbitmq-server >/dev/null
		;;
	pgbouncer) command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] ;;
	prometheus) command -v promtool >/dev/null && command -v prometheus >/dev/null ;;
	cc) command -v gcc >/dev/null || command -v clang >/dev/null ;;
	chromium)
		for browser in chromium-headless-shell chromium google-chrome; do
			! command -v "$browser" >/dev/null || return 0
		done
		[ -d /Applications/Chromium.app ] || [ -d "/Applications/Google Chrome.app" ]
		;;
	esac
}

# reason PART: why we want it.
reason() {
	case $1 in
	vips) echo "the fast image engine, with WebP, AVIF and HEIC" ;;
	postgres | redis | rabbitmq | pgbouncer) echo "a private one is started for the tests; no system service is" ;;
	prometheus) echo "its promtool tests the rules of alerts; no system service is started" ;;
	cc) echo "the tests' race detector" ;;
	chromium) echo "the tests of the console, and of the page that shows the API" ;;
	esac
}

missing_parts() {
	for part in $1; do
		has "$part" || printf '%s ' "$part"
	done
}

# debian_packages PART: their names, which differ between releases for libvips;
# later releases have the HEIC and AVIF codecs in packages of their own.
debian_packages() {
	case $1 in
	vips)
		if apt-cache show libvips42t64 >/dev/null 2>&1; then
			printf 'libvips42t64 '
		else
			printf 'libvips42 '
		fi
		for codec in libheif-plugin-libde265 libheif-plugin-aomdec libheif-plugin-aomenc; do
			! apt-cache show "$codec" >/dev/null 2>&1 || printf '%s ' "$codec"
		done
		;;
	postgres) printf 'postgresql ' ;;
	redis) printf 'redis-server ' ;;
	rabbitmq) printf 'rabbitmq-server ' ;;
	pgbouncer) printf 'pgbouncer ' ;;
	prometheus) printf 'prometheus ' ;;
	cc) printf 'gcc libc6-dev ' ;;
	chromium)
		if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
			printf 'chromium-headless-shell '
		else
			printf 'chromium '
		fi
		;;
	esac
}

brew_package() {
	case $1 in
	vips) echo vips ;;
	postgres) echo postgresql@17 ;;
	redis) echo redis ;;
	rabbitmq) echo rabbitmq ;;
	pgbouncer) echo pgbouncer ;;
	prometheus) echo prometheus ;;
	chromium) echo chromium ;;
	esac
}

install_hint() {
	if [ "$(uname)" = Darwin ]; then
		[ "$1" = cc ] && echo "xcode-select --install" || echo "brew install $(brew_package "$1")"
	elif command -v apt-get >/dev/null; then
		echo "apt-get install $(debian_packages "$1")"
	else
		echo "install your system's package for it ($1)"
	fi
}

install_parts() {
	echo "setup: installing"
	for part in $1; do
		echo "  $part: $(reason "$part")"
	done
	if [ "$(uname)" = Darwin ]; then
		install_with_brew "$1"
	elif command -v apt-get >/dev/null; then
		. scripts/apt.sh
		install_with_apt "$1"
	else
		echo "setup: neither apt-get nor Homebrew is here" >&2
		return 1
	fi
}

# Homebrew starts no service by itself.
install_with_brew() {
	if ! command -v brew >/dev/null; then
		echo "setup: Homebrew is not installed; see https://brew.sh" >&2
		return 1
	fi
	packages=
	for part in $1; do
		if [ "$part" = cc ]; then
			xcode-select --install || true # opens a dialogue, does not wait
		else
			packages="$packages $(brew_package "$part")"
		fi
	done
	# shellcheck disable=SC2086 # a list of words
	[ -z "$packages" ] || HOMEBREW_NO_AUTO_UPDATE=1 brew install $packages
}
