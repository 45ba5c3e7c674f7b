# Runs a test binary for cargo (`target.….runner`) and frames its events: whose binary begins, how it ended.
#
# Libtest prints JSON and times only where unstable options are allowed. That is said here, to the
# test binary alone: said to cargo, it would build half of the dependencies again.
printf '{ "type": "binary", "package": "%s" }\n' "$CARGO_PKG_NAME"
RUSTC_BOOTSTRAP=1 "$@" -Z unstable-options --format json --report-time
code=$?
printf '\n{ "type": "exit", "code": %d }\n' $code
exit $code
