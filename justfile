# What CI does.
ready:
    bash .ci/run

# Formats and mends what the tools can mend by themselves.
fix:
    npm run --silent fix

# The chat example on 127.0.0.1:3000.
start:
    npm start

# The full counts of the tests that are scaled down by default, and Node 24.
long:
    npm run --silent test:long

# Every fuzz target, or only the named ones, for five minutes or SECONDS. Needs `cargo install cargo-fuzz`.
fuzz *targets:
    node scripts/fuzz.mjs {{targets}}
