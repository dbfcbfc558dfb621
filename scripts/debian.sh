# shellcheck shell=sh
# Shared by the scripts beside it: how to install packages on Debian and its children.
#
# To be sourced by a POSIX shell, not run. It holds functions only.

# Prints a message for people: on stderr, so that stdout stays free.
say() {
    printf '%s\n' "$*" >&2
}

# Prints a message and ends the script.
stop() {
    say "error: $*"
    exit 1
}

# Ends the script where packages cannot be installed, saying who could install these.
need_rights_for() {
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 \
        || stop "installing packages needs root or sudo; as root, run: apt-get install $*"
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Installs packages by name, and nothing they merely recommend.
apt_install() {
    need_rights_for "$@"
    say "installing: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 \
        || say "warning: the package lists could not be refreshed, going on with the ones that are here"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" >&2
}

# Prints the version apt would install of a package, nothing where it knows none.
apt_candidate() {
    apt-cache policy "$1" 2>/dev/null \
        | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}
