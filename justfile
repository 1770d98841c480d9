# The verbs of this repository. Each is one command of the README or of docs/OPERATIONS.md.

# Every test; installs what is missing first
check *steps:
    tests/run {{ steps }}

# The Rust tests alone; one of them judges what `tests/run unit` wrote down, and says so where it did not
test *arguments:
    cargo nextest run --workspace {{ arguments }}

# The whole product on this machine
local *arguments:
    cargo run -p local -- {{ arguments }}

# Accept changed snapshots, after reading them
accept:
    find . -name '*.snap.new' -not -path './target/*' -exec sh -c 'mv "$1" "${1%.new}"' _ {} \;

# Build for Lambda and deploy to the account that the AWS CLI is signed in to
deploy *arguments:
    tests/setup/install.sh deploy
    PATH="$PWD/.tools/bin:$PATH" sam build
    PATH="$PWD/.tools/bin:$PATH" sam deploy --config-file infra/samconfig.toml {{ arguments }}
