#!/usr/bin/env bash
# Installs what the tests run against that others wrote: Debian's postfix (never started, but for a private copy on
# loopback), spamassassin, a Chromium and Prometheus' promtool, and from npm a Slack, Discord's schemas, a mail parser,
# axe-core, and the Node they need.
# Quiet, and done in a moment where all is there.
#   tests/counterparts/setup.sh [FOLDER]        default: $PAPERBOY_COUNTERPARTS_DIR, else .counterparts in the repository
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${PAPERBOY_COUNTERPARTS_DIR:-$here/../../.counterparts}}

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {  # a command whose words are only of interest if it fails
    "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "setup.sh: failed: $*" >&2; exit 1; }
}

PATH=$PATH:/usr/sbin:/sbin
packages=()
command -v smtp-sink >/dev/null || packages+=(postfix)
command -v spamassassin >/dev/null || packages+=(spamassassin)
# Chromium's shell without windows takes a third of the time; where there is no such package, Chromium does.
if ! { command -v "${CHROMIUM:-chromium-headless-shell}" || command -v chromium; } >/dev/null; then
    packages+=(chromium-headless-shell)
fi
command -v npm >/dev/null || packages+=(npm)
command -v promtool >/dev/null || packages+=(prometheus)
if [ ${#packages[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "setup.sh: no apt-get here; install by hand: ${packages[*]}" >&2
        exit 1
    fi
    quietly "${as_root[@]}" apt-get update
    if ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        packages=("${packages[@]/%chromium-headless-shell/chromium}")
    fi
    # Without this answer postfix's package asks its question, and waits.
    echo "postfix postfix/main_mailer_type select Local only" | quietly "${as_root[@]}" debconf-set-selections
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${packages[@]}"
fi

mkdir -p "$folder"
echo '*' >"$folder/.gitignore"
if ! cmp -s "$here/package-lock.json" "$folder/installed.json"; then
    cp "$here/package.json" "$here/package-lock.json" "$folder/"
    # Scripts are needed: that of the package `node` fetches Node itself.
    quietly npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error
    cp "$here/package-lock.json" "$folder/installed.json"
fi
