# Sourced by bin/demo and bin/test: makes .venv and installs one lock into it. POSIX sh.
# Expects: root (the checkout), lock (a file name in requirements/), me (the command's name for messages).

say() { printf '%s: %s\n' "$me" "$1" >&2; }
stop() { say "$1"; exit 1; }

find_python() {
    for candidate in ${HELPDESK_PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

if [ -f /etc/alpine-release ] && [ -z "${DATABASE_URL:-}" ]; then
    stop "Alpine has no wheel of the embedded PostgreSQL. Use a system with glibc, or set DATABASE_URL."
fi
mkdir -p "$root/var" 2>/dev/null || stop "cannot write into $root; the checkout must be writable."

# One install at a time: a link is made with its owner's number in it, or not at all.
held="$root/var/install.lock"
waiting=
until ln -s "$$" "$held" 2>/dev/null; do
    if ! owner=$(readlink "$held"); then
        missed="x${missed:-}"
        [ "$missed" != xxxxx ] || stop "cannot make $held; $root/var must be writable."
        sleep 1
        continue
    fi
    if ! kill -0 "$owner" 2>/dev/null; then
        rm -f "$held"
        continue
    fi
    [ -n "$waiting" ] || say "waiting for another installation (process $owner)"
    waiting=yes
    sleep 1
done
trap 'rm -f "$held"' EXIT
trap 'exit 1' HUP INT TERM

venv="$root/.venv"
stamp="$venv/installed-$lock"
log="$root/var/install.log"
wanted=$(cksum "$root/requirements/$lock" | cut -d ' ' -f 1,2)

# A moved checkout or a removed Python leaves a .venv that no longer runs.
if [ -d "$venv" ] && ! "$venv/bin/python" -c '' >/dev/null 2>&1; then
    rm -rf "$venv"
fi
if [ ! -d "$venv" ]; then
    python=$(find_python) || stop "needs Python 3.11 or later; set HELPDESK_PYTHON to one."
    say "making .venv with $("$python" -V 2>&1)"
    if ! "$python" -m venv "$venv" >"$log" 2>&1; then
        rm -rf "$venv"
        tail -n 5 "$log" >&2
        stop "cannot make a virtual environment (on Debian: apt install python3-venv)."
    fi
fi

# The stamp is written last and removed first, so that an interrupted install repairs itself.
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    say "installing $(grep -c '==' "$root/requirements/$lock") packages (once)"
    rm -f "$stamp"
    export UV_CACHE_DIR="$root/.uv-cache" PIP_DISABLE_PIP_VERSION_CHECK=1
    if "$venv/bin/python" -m pip install -q --require-hashes --only-binary :all: --no-deps \
            -r "$root/requirements/uv.lock" >"$log" 2>&1 &&
        "$venv/bin/python" -m uv pip install -q --python "$venv/bin/python" --require-hashes --only-binary :all: \
            --no-deps -r "$root/requirements/$lock" >>"$log" 2>&1; then
        :
    elif "$venv/bin/python" -m pip install -q --require-hashes --only-binary :all: --no-deps \
            -r "$root/requirements/$lock" >>"$log" 2>&1; then
        :
    else
        tail -n 15 "$log" >&2
        stop "the packages could not be installed; the whole log is $log"
    fi
    printf '%s' "$wanted" >"$stamp"
fi

rm -f "$held"
trap - EXIT HUP INT TERM

# Where byte code is forbidden beside the sources it is kept in var: without any, each of the many processes
# we start would compile Django, Celery and the rest anew, which takes five times as long as all else it does.
if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then
    unset PYTHONDONTWRITEBYTECODE
    export PYTHONPYCACHEPREFIX="${PYTHONPYCACHEPREFIX:-$root/var/pycache}"
fi
