#!/bin/sh
# Makes TimescaleDB's Apache-licensed edition available to the newest PostgreSQL on this machine.
#
# Does nothing where a timescaledb library is there already. Installs the distribution's package
# where it has one. On Debian 12, which has none, it builds the source package of the next Debian
# release, in a private apt configuration: the machine's own package sources stay as they are.
#
# DESTDIR=directory   install below this directory and not into PostgreSQL's own; always builds
# PG_MAJOR=15         the PostgreSQL to build for, rather than the newest one
# BUILD_JOBS=2        compilers to run at once, rather than one a core
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/debian.sh
. "$here/debian.sh"

# The Debian release whose source package builds on each release that has no package of its own.
next_release() {
    case "$1" in
        bookworm) echo trixie ;;
        *) return 1 ;;
    esac
}

# Prints the newest PostgreSQL major version with its server installed.
newest_postgresql() {
    for server in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$server" ] && echo "$server" | cut -d/ -f5
    done | sort -n | tail -n 1
}

# Writes the machine's own Debian sources, changed to the source packages of another release.
# $1: this release, $2: the other one, $3: the file to write, in apt's one-line form.
write_sources() {
    {
        # One line a source:  deb [options] address suite component...
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null \
            | awk -v from="$1" -v to="$2" '
                $1 == "deb" {
                    options = ""; at = 2
                    if ($2 ~ /^\[/) {
                        for (; at <= NF; at++) {
                            options = options $at " "
                            if ($at ~ /\]$/) { at++; break }
                        }
                    }
                    if ($(at + 1) == from) print "deb-src " options $at " " to " main"
                }'
        # Stanzas of "Field: value" lines.
        for stanzas in /etc/apt/sources.list.d/*.sources; do
            [ -f "$stanzas" ] || continue
            awk -v from="$1" -v to="$2" '
                function flush(    i, addresses, count, options) {
                    options = signed == "" ? "" : "[signed-by=" signed "] "
                    count = split(uris, addresses, " ")
                    if (" " suites " " ~ " " from " " && !disabled)
                        for (i = 1; i <= count; i++)
                            print "deb-src " options addresses[i] " " to " main"
                    uris = suites = signed = ""; disabled = 0
                }
                /^#/ { next }
                /^[ \t]*$/ { flush(); next }
                {
                    field = tolower($1)
                    value = $0; sub(/^[^:]*:[ \t]*/, "", value); sub(/[ \t]+$/, "", value)
                    if (field == "uris:") uris = value
                    if (field == "suites:") suites = value
                    if (field == "signed-by:") signed = value
                    if (field == "enabled:" && tolower(value) == "no") disabled = 1
                }
                END { flush() }' "$stanzas"
        done
    } | sort -u > "$3"
    [ -s "$3" ]
}

# Fetches and unpacks the source package of release $1 into $2/source.
fetch_source() {
    mkdir -p "$2/lists/partial" "$2/cache/archives/partial" "$2/parts" "$2/source"
    write_sources "$VERSION_CODENAME" "$1" "$2/sources.list" \
        || stop "found no package source for $VERSION_CODENAME to take $1's address from"
    # Everything private but the keys: the machine's sources, lists and cache are not touched. apt
    # may drop its rights to a user that cannot write here, so it is told not to.
    private() {
        command="$1"
        shift
        "$command" -q \
            -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
            -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
            -o APT::Sandbox::User="$(id -un)" "$@" >&2
    }
    private apt-get update
    (cd "$2/source" && private apt-get source timescaledb)
}

# Builds in $1 for the PostgreSQL that $2 configures, and installs.
build() {
    tree=$(find "$1/source" -mindepth 1 -maxdepth 1 -type d -name 'timescaledb-*' | head -n 1)
    [ -n "$tree" ] || stop "the source package did not unpack"
    say "building $(basename "$tree") for $("$2" --version)"
    cmake -S "$tree" -B "$1/build" -DCMAKE_BUILD_TYPE=Release -DPG_CONFIG="$2" \
        -DAPACHE_ONLY=1 -DREGRESS_CHECKS=OFF -DTAP_CHECKS=OFF -DWARNINGS_AS_ERRORS=OFF > "$1/cmake.log" 2>&1 \
        || { tail -n 30 "$1/cmake.log" >&2; stop "cmake refused the source"; }
    make -C "$1/build" -j "${BUILD_JOBS:-$(nproc)}" > "$1/make.log" 2>&1 \
        || { tail -n 30 "$1/make.log" >&2; stop "the build failed"; }
    if [ -n "${DESTDIR:-}" ]; then
        make -C "$1/build" install DESTDIR="$DESTDIR" > "$1/install.log" 2>&1
    else
        as_root make -C "$1/build" install > "$1/install.log" 2>&1
    fi || { tail -n 30 "$1/install.log" >&2; stop "the installation failed"; }
}

[ -r /etc/os-release ] || stop "this machine does not say which system it runs; install TimescaleDB by hand"
. /etc/os-release
command -v apt-get >/dev/null 2>&1 \
    || stop "this script knows Debian and its children only; install TimescaleDB by hand"

major=${PG_MAJOR:-$(newest_postgresql)}
[ -n "$major" ] || stop "no PostgreSQL server found; run scripts/install-packages.sh first"
library=/usr/lib/postgresql/$major/lib/timescaledb.so

if [ -z "${DESTDIR:-}" ]; then
    if [ -f "$library" ]; then
        say "PostgreSQL $major has a timescaledb library already"
        exit 0
    fi
    if [ -n "$(apt_candidate "postgresql-$major-timescaledb")" ]; then
        apt_install "postgresql-$major-timescaledb"
        exit 0
    fi
fi

release=$(next_release "${VERSION_CODENAME:-}") \
    || stop "no package postgresql-$major-timescaledb here, and no source package known for '${PRETTY_NAME:-this system}'"

missing=""
for package in cmake dpkg-dev gcc make libc6-dev libkrb5-dev libssl-dev "postgresql-server-dev-$major"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
# shellcheck disable=SC2086 # a list of package names, to be split
[ -z "$missing" ] || apt_install $missing

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch_source "$release" "$work"
build "$work" "/usr/lib/postgresql/$major/bin/pg_config"
[ -f "${DESTDIR:-}$library" ] || stop "the build left no ${DESTDIR:-}$library"
say "installed ${DESTDIR:-}$library (Apache-licensed edition)"
