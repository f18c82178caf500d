# Sourced by the scripts: finds a Python that is new enough. Plain POSIX sh.

# Print the command of a Python 3.11 or newer; without one, say so and end with code 4.
find_python() {
    for candidate in python3.13 python3.12 python3.11 python3.14 python3 python; do
        if command -v "$candidate" > /dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    echo "error: localdev needs Python 3.11 or newer, and none was found on PATH" >&2
    echo "hint: install one (apt install python3.11 python3.11-venv, or brew install python), then run this again" >&2
    return 4
}
