# What the scripts beside this have in common. Each is called as SCRIPT DIR PORT, starts a throw-away server on 127.0.0.1:PORT
# that keeps everything in DIR, says 'ready' on standard output, and stops it when its standard input ends: so nothing is left
# running when whoever started it dies. Where the server cannot be had it says 'missing: WHY' and exits with 69.

missing() {
    echo "missing: $1"
    exit 69
}

# need COMMAND PACKAGE...: installs Debian packages unless there is such a command.
need() {
    local command=$1
    shift
    if [ -x "$command" ] || command -v "$command" >/dev/null; then
        return
    fi

    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || missing "$command is not installed, and only root can: apt-get install $*"
    # One at a time: the package manager takes no two.
    exec 8>/tmp/downbeat-apt.lock
    flock 8
    if ! [ -x "$command" ] && ! command -v "$command" >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        local log
        log=$(mktemp)
        apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 \
            || { apt-get update >"$log" 2>&1 && apt-get install -y --no-install-recommends "$@" >"$log" 2>&1; } \
            || missing "apt-get install $* failed: $(tail -n 1 "$log")"
        rm -f "$log"
    fi
    exec 8>&-
}

# Runs a command as someone who is not root: some servers refuse to be.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

# Waits until whoever started the script is gone, or has had enough.
wait_for_end() {
    echo ready
    cat >/dev/null
}
