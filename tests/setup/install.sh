#!/usr/bin/env bash
# Installs what the tests need and this machine lacks, after saying what.
#
#   tests/setup/install.sh           for tests/run
#   tests/setup/install.sh deploy    for `sam build` and `sam deploy`
#
# Debian packages go where Debian puts them; everything else stays in .tools/ and node_modules/, which git ignores.
# What is there already is skipped. What cannot be had is one line and exit code 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
tools=$root/.tools
export PATH="$tools/bin:$PATH"
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    echo "setup: $*" >&2
    exit 1
}

# ---- What is missing -------------------------------------------------------------------------------------------

stamp_of() { cat "$@" | sha256sum | cut -d ' ' -f 1; }

# A folder is up to date when it keeps the hash of what it was made from.
fresh() { # folder, inputs…
    local folder=$1
    shift
    [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$(stamp_of "$@")" ]
}

command -v cargo >/dev/null || fail "Rust is missing: install it from https://rustup.rs"
command -v node >/dev/null || fail "Node is missing: install Node 20.19 or newer"
command -v npm >/dev/null || fail "npm is missing: install it beside Node"
command -v python3 >/dev/null || fail "Python is missing: install python3 3.11 or newer"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node $(node --version) is too old: 20.19 or newer is needed"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$(python3 --version) is too old: 3.11 or newer is needed"

group=${1:-test}
apt=() venvs=() nodes=() cargos=()

python3 -c 'import ensurepip, venv' 2>/dev/null || apt+=(python3-venv)
command -v cc >/dev/null && command -v c++ >/dev/null || apt+=(build-essential)
case $group in
test)
    venvs=(cfn-lint checkov aws-sam-cli judges)
    nodes=(tests/browser tests/judges)
    command -v chromium >/dev/null || apt+=(chromium)
    command -v openssl >/dev/null || apt+=(openssl)
    command -v xmlsec1 >/dev/null || apt+=(xmlsec1)
    command -v pkg-config >/dev/null || apt+=(pkg-config)
    # Headers that samael, a judge, is built against.
    for package in libclang-dev libssl-dev libxml2-dev libxmlsec1-dev; do
        dpkg -s "$package" >/dev/null 2>&1 || apt+=("$package")
    done
    cargo nextest --version >/dev/null 2>&1 || cargos+=(cargo-nextest@0.9.148)
    cargo deny --version >/dev/null 2>&1 || cargos+=(cargo-deny@0.20.2)
    cargo audit --version >/dev/null 2>&1 || cargos+=(cargo-audit@0.22.2)
    cargo machete --version >/dev/null 2>&1 || cargos+=(cargo-machete@0.9.2)
    ;;
deploy)
    venvs=(aws-sam-cli cargo-lambda)
    ;;
*) fail "unknown group $group: say test or deploy" ;;
esac

requirements_of() {
    if [ "$1" = judges ]; then echo tests/judges/requirements.txt; else echo "tests/setup/requirements-$1.txt"; fi
}

stale_venvs=() stale_nodes=()
for name in "${venvs[@]}"; do fresh "$tools/$name" "$(requirements_of "$name")" || stale_venvs+=("$name"); done
for folder in "${nodes[@]}"; do
    fresh "$folder/node_modules" "$folder/package.json" "$folder/package-lock.json" || stale_nodes+=("$folder")
done

if [ $((${#apt[@]} + ${#stale_venvs[@]} + ${#stale_nodes[@]} + ${#cargos[@]})) -eq 0 ]; then
    echo "setup: everything is there"
    exit 0
fi

# ---- Say it ----------------------------------------------------------------------------------------------------

[ ${#apt[@]} -eq 0 ] || echo "setup: will install with apt: ${apt[*]}"
[ ${#stale_venvs[@]} -eq 0 ] || echo "setup: will install with pip into .tools/: ${stale_venvs[*]}"
[ ${#stale_nodes[@]} -eq 0 ] || echo "setup: will install with npm: ${stale_nodes[*]/%//node_modules}"
[ ${#cargos[@]} -eq 0 ] || echo "setup: will install into .tools/: ${cargos[*]}"

# ---- Do it -----------------------------------------------------------------------------------------------------

mkdir -p "$tools/bin"
log=$tools/setup.log
: >"$log"
quietly() { "$@" >>"$log" 2>&1; }

if [ ${#apt[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "apt-get is missing; install by hand: ${apt[*]}"
    sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "neither root nor sudo; install by hand: apt-get install ${apt[*]}"
        sudo=(sudo)
    fi
    quietly "${sudo[@]}" apt-get update || true
    quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${apt[@]}" ||
        fail "apt-get could not install ${apt[*]} (see .tools/setup.log)"
fi

# Makes a virtual environment of its own for each tool, so that their dependencies never meet.
venv() { # name, requirements
    local folder=$tools/$1
    rm -rf "$folder"
    quietly python3 -m venv "$folder" && quietly "$folder/bin/pip" install -r "$2" || return 1
    stamp_of "$2" >"$folder/.stamp"
}

install_venv() { # name
    echo "setup: $1"
    venv "$1" "$(requirements_of "$1")" || fail "pip could not install $1 (see .tools/setup.log)"
}

install_node() { # folder
    echo "setup: $1"
    (cd "$1" && quietly npm ci) || fail "npm could not install $1 (see .tools/setup.log)"
    stamp_of "$1/package.json" "$1/package-lock.json" >"$1/node_modules/.stamp"
}

install_cargo() { # name@version
    local name=${1%@*}
    echo "setup: $name"
    # A prebuilt program where there is one; from source it takes minutes.
    if [ -f "tests/setup/requirements-$name.txt" ] && venv "$name" "tests/setup/requirements-$name.txt" &&
        [ -x "$tools/$name/bin/$name" ]; then
        ln -sf "../$name/bin/$name" "$tools/bin/$name"
    else
        rm -rf "${tools:?}/$name"
        quietly env CARGO_TARGET_DIR="$tools/target-$name" cargo install --locked --root "$tools" "$1" ||
            fail "cargo could not install $1 (see .tools/setup.log)"
        rm -rf "$tools/target-$name"
    fi
    quietly "$tools/bin/$name" --version || fail "$name does not run (see .tools/setup.log)"
}

# Three at a time: one downloads while another unpacks. The first that fails ends it.
running=0
finish_one() {
    wait -n || {
        kill $(jobs -p) 2>/dev/null
        exit 1
    }
    running=$((running - 1))
}
start() {
    [ "$running" -lt 3 ] || finish_one
    "$@" &
    running=$((running + 1))
}
for name in "${stale_venvs[@]}"; do start install_venv "$name"; done
for folder in "${stale_nodes[@]}"; do start install_node "$folder"; done
for tool in "${cargos[@]}"; do start install_cargo "$tool"; done
while [ "$running" -gt 0 ]; do finish_one; done

for name in cfn-lint checkov sam cargo-lambda; do
    folder=$name
    [ "$name" = sam ] && folder=aws-sam-cli
    [ -x "$tools/$folder/bin/$name" ] && ln -sf "../$folder/bin/$name" "$tools/bin/$name"
done
# cargo-lambda links with zig, which pip brings along as a module.
for zig in "$tools"/cargo-lambda/lib/python*/site-packages/ziglang/zig; do
    [ -x "$zig" ] && ln -sf "..${zig#"$tools"}" "$tools/bin/zig"
done

echo "setup: done"
