# Stops the PostgreSQL server in directory $1 when none of its users is left.
#
# Runs as a process of its own, so that it outlives every user, however they end. Users are files in
# $1/users that hold a process id and a start time; guard.rs and users.rs write what is read here.
home=$1
trap '' HUP INT

# Sets `state` and `started` of process $1; fails when it has ended, reaped or not.
look_at() {
    started=-
    if [ -r /proc/self/stat ]; then
        IFS= read -r stat <"/proc/$1/stat" || return 1
        # The command's name, in parentheses, may contain spaces; the fields after it do not.
        # shellcheck disable=SC2086
        set -- ${stat##*) }
        state=$1 started=${20}
    else
        state=$(ps -o stat= -p "$1") || return 1
    fi
    case $state in Z* | X* | x*) return 1 ;; esac
}

# Succeeds when a user is left; forgets those that have ended.
has_users() {
    for file in "$home"/users/*; do
        read -r id registered <"$file" || continue
        if look_at "$id"; then
            [ "$registered" = "$started" ] || [ "$registered" = - ] || [ "$started" = - ] && return 0
        fi
        rm -f "$file"
    done
    return 1
}

# Sets `server` to the process id of the running server; fails when there is none.
find_server() {
    read -r server <"$home/data/postmaster.pid" || return 1
    look_at "$server" || return 1
    if [ -r /proc/self/stat ]; then
        # Newer than most of POSIX, but every shell of a system with /proc has it.
        # shellcheck disable=SC3013
        [ "/proc/$server/cwd" -ef "$home/data" ]
    else
        case $(ps -o comm= -p "$server") in *postgres*) ;; *) return 1 ;; esac
    fi
}

# Asks for a fast shutdown, and after a minute for an immediate one.
stop_server() {
    find_server || return 0
    kill -INT "$server"
    waited=0
    while find_server; do
        waited=$((waited + 1))
        [ "$waited" -eq 300 ] && kill -QUIT "$server"
        sleep 0.2 || sleep 1
    done
}

idle=0
known_server=
while [ -d "$home" ]; do
    find_server && known_server="$server $started"
    if has_users; then
        idle=0
    elif [ "$idle" -lt 2 ]; then
        idle=$((idle + 1))
    else
        # A new user registers first and looks for this file next; here it is the other way round.
        # So at least one of the two sees the other.
        (: >"$home/stopping")
        if has_users; then
            idle=0
        else
            stop_server
            rm -f "$home/guard" "$home/stopping"
            exit 0
        fi
        rm -f "$home/stopping"
    fi
    sleep 1
done

# Somebody removed the directory, and the data with it: nothing is left to shut down in order.
server=${known_server% *}
[ -n "$server" ] && look_at "$server" && [ "$known_server" = "$server $started" ] && kill -QUIT "$server"
