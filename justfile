# Each recipe is one plain line, also in CONTRIBUTING.md: `just` is optional.

# format, lints, core and house rules
check:
    cargo fmt --all --check && cargo clippy --workspace --all-targets --locked -- -D warnings && cargo test --locked -p policy -p change && cargo test --locked --test architecture

# the core only
fast:
    cargo test --locked -p policy -p change

# the whole thing over HTTP and git
e2e:
    cargo test --locked --test e2e

# every story
scenarios:
    cargo test --locked --test e2e scenarios

# what holds whatever the facts, the rules and the deliveries: 10,000 cases each
properties:
    PROPTEST_CASES=10000 cargo test --locked -p policy --lib property

# write stories and snapshots anew; read the difference before committing it
bless:
    BLESS=1 INSTA_UPDATE=always cargo test --locked --workspace

# everything
test:
    cargo test --locked --workspace

# the main job in one command
demo:
    cargo run --locked -- demo

# the documents' commands and examples
docs:
    bash .ci/deploy-walk && cargo test --locked --test architecture

# what it costs
bench:
    cargo bench --locked --bench gate

# instructions counted by callgrind, which repeat exactly; needs valgrind
bench-counts:
    cargo bench --locked --bench gate -- counts

# licences, advisories, sources
deny:
    cargo deny --all-features check
