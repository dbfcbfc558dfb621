#!/bin/sh
# Installs what building and running ShelfOps needs and this machine lacks: a C compiler, make and
# a PostgreSQL server of version 15 or newer, with HypoPG where the release packages it.
#
# On Debian and its children it uses apt-get (with sudo unless root), and does nothing, quickly,
# where all is there. Elsewhere it says what to install, and goes on when PostgreSQL is there.
# The server is wanted as a program only: ShelfOps runs a private one, so no cluster is made,
# started or touched. With DATABASE_URL or TEST_DATABASE_URL set, it looks for no server at all.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/debian.sh
. "$here/debian.sh"

oldest_major=15

# Succeeds where there is a server that is new enough.
has_postgresql() {
    [ -z "${DATABASE_URL:-}${TEST_DATABASE_URL:-}" ] || return 0
    # Where distributions and Homebrew keep each major version in a directory of its own.
    for server in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres \
        /opt/homebrew/opt/postgresql@*/bin/postgres /usr/local/opt/postgresql@*/bin/postgres \
        /Applications/Postgres.app/Contents/Versions/*/bin/postgres; do
        [ -x "$server" ] || continue
        major=${server%/bin/postgres}
        major=${major##*[!0-9]}
        [ "${major:-0}" -lt "$oldest_major" ] || return 0
    done
    # Anywhere else it must be on the path. "postgres (PostgreSQL) 17.2" names its version third.
    command -v postgres >/dev/null 2>&1 || return 1
    major=$(postgres --version | awk '{ print int($3) }')
    [ "${major:-0}" -ge "$oldest_major" ]
}

# Says what to install on a system whose packages this script does not know.
explain() {
    say "ShelfOps needs a C compiler and PostgreSQL $oldest_major or newer. Please install them:"
    case "$(uname -s):${ID:-}:${ID_LIKE:-}" in
        Darwin:*) say "  xcode-select --install; brew install postgresql@17" ;;
        *:fedora:* | *rhel*) say "  sudo dnf install gcc postgresql-server" ;;
        *:arch:* | *:*:*arch*) say "  sudo pacman -S --needed gcc postgresql" ;;
        *suse*) say "  sudo zypper install gcc postgresql-server" ;;
        *:alpine:*) say "  sudo apk add gcc musl-dev postgresql" ;;
        *) say "  packages usually called gcc and postgresql or postgresql-server" ;;
    esac
    say "or set DATABASE_URL to a PostgreSQL that runs already (TEST_DATABASE_URL for the tests)."
}

# Installs the server without the cluster that Debian makes and starts with it. The setting is
# there during the installation only: whoever adds a server later gets what Debian gives.
install_postgresql() {
    need_rights_for "$@" postgresql
    candidate=$(apt_candidate postgresql)
    major=${candidate%%[!0-9]*}
    [ "${major:-0}" -ge "$oldest_major" ] || {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || true
        candidate=$(apt_candidate postgresql)
        major=${candidate%%[!0-9]*}
    }
    [ "${major:-0}" -ge "$oldest_major" ] \
        || stop "this release packages PostgreSQL ${major:-of no version}; ShelfOps needs $oldest_major or newer. Set DATABASE_URL to one that runs"
    setting=/etc/postgresql-common/createcluster.d/zz-shelfops-install.conf
    trap 'as_root rm -f "$setting"' EXIT
    as_root mkdir -p "${setting%/*}"
    echo "create_main_cluster = false" | as_root tee "$setting" >/dev/null
    apt_install "$@" postgresql
    as_root rm -f "$setting"
    trap - EXIT
}

# Prints the packages of HypoPG, by which the query advisor asks the planner, that are missing: one for
# each server of the distribution's. Without it the advisor names candidates and does not weigh them.
missing_hypopg() {
    [ -z "${DATABASE_URL:-}${TEST_DATABASE_URL:-}" ] || return 0
    for server in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$server" ] || continue
        directory=${server%/bin/postgres}
        [ -e "$directory/lib/hypopg.so" ] || printf 'postgresql-%s-hypopg ' "${directory##*/}"
    done
}

# Installs what the advisor is better with, and goes on without it.
install_hypopg() {
    command -v apt-get >/dev/null 2>&1 || return 0
    missing=$(missing_hypopg)
    [ -n "$missing" ] || return 0
    # A machine that is fresh has no lists to look in, though it may have a server.
    ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 \
        || (need_rights_for $missing && as_root apt-get update -q >&2) || :
    wanted=""
    for package in $missing; do
        [ -z "$(apt_candidate "$package")" ] || wanted="$wanted $package"
    done
    [ -n "$wanted" ] || return 0
    # shellcheck disable=SC2086 # a list of package names, to be split
    (apt_install $wanted) || say "warning: HypoPG is not installed; advice on indexes will not be weighed"
}

command -v cargo >/dev/null 2>&1 \
    || stop "ShelfOps builds with Rust 1.95 or newer, and there is no cargo on the path; see https://rustup.rs"

packages=""
command -v cc >/dev/null 2>&1 || packages="gcc libc6-dev"
command -v make >/dev/null 2>&1 || packages="$packages make"
needs_postgresql=no
has_postgresql || needs_postgresql=yes
[ -n "$packages" ] || [ "$needs_postgresql" = yes ] || {
    install_hypopg
    exit 0
}

if [ -r /etc/os-release ]; then
    . /etc/os-release
fi
if ! command -v apt-get >/dev/null 2>&1; then
    explain
    [ "$needs_postgresql" = no ] || exit 1
    say "going on: PostgreSQL is there."
    exit 0
fi
# shellcheck disable=SC2086 # a list of package names, to be split
if [ "$needs_postgresql" = yes ]; then
    install_postgresql $packages
else
    apt_install $packages
fi
has_postgresql || stop "the packages are installed, but no PostgreSQL $oldest_major or newer was found"
install_hypopg
