#!/bin/sh
# Builds the fuzz targets with the coverage that libFuzzer needs, and runs each for some seconds: fuzz/run.sh SECONDS [TARGET…]
# The flags are those that cargo-fuzz passes, without a sanitizer: so a stable compiler will do, and unsafe code is forbidden here.
set -eu
cd "$(dirname "$0")"
seconds=$1
shift
[ $# -gt 0 ] || set -- sora ricoh uipath devicewise volcengine json windows numbers retry_after redaction body
host=$(rustc -vV | sed -n 's/^host: //p')
work=../build/fuzz
mkdir -p "$work/artifacts"
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code --cfg fuzzing" \
  cargo build --release --quiet --locked --target "$host" --target-dir "$work/target"
bin=$work/target/$host/release
"$bin/seeds" "$work/corpus"
status=0
for target in "$@"; do
  log=$work/$target.log
  mkdir -p "$work/corpus/$target"
  # A MiB may take 50 ms; a timeout of libFuzzer's counts whole seconds, so the slowest unit is read from the statistics.
  "$bin/$target" "$work/corpus/$target" -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=4096 -timeout=5 -print_final_stats=1 \
    -artifact_prefix="$work/artifacts/$target-" >"$log" 2>&1 || { status=1; echo "$target: crashed, see build/fuzz/$target.log"; }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  total=$(cat "$work/$target.total" 2>/dev/null || echo 0)
  echo $((total + ${runs:-0})) >"$work/$target.total"
  echo "$target: ${runs:-0} executions, $(cat "$work/$target.total") since build/fuzz was made"
done
exit $status
