#!/usr/bin/env bash
# The speed of the step and the missing cells of the tables that need a GPU, in order of value, for nine minutes; then one archive of all results.
#
#   bench/gpu.sh PACK OUT
#
# PACK is a folder with the public data sets as zip files, files of weights beside them, wheels/ if packages are missing
# here, and the archive of an earlier call, results.tar.gz, whose cells are not measured again. OUT gets the new
# results.tar.gz and a log a table. TABLES names others than those that need a GPU: products are small in a pack, and
# slow on a CPU (TABLES="grocery-224 grocery" with grocery.zip and SqueezeNet's weights).
set -euo pipefail
cd "$(dirname "$0")/.."
pack=$1 out=$2
python=${PYTHON:-python3} device=${DEVICE:-cuda} processes=${PROCESSES:-3}
until=$(($(date +%s) + ${BUDGET:-540}))
tables=${TABLES:-gpu-mnist-m-adamatch gpu-mnist-m-self-ensembling gpu-signs mnist-m-ganin usps methods-mnist-m}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$out"
if [ -d "$pack/wheels" ]; then "$python" -m pip install --quiet --no-index --find-links "$pack/wheels" "$pack"/wheels/*.whl; fi
for zip in "$pack"/*.zip; do "$python" -m zipfile -e "$zip" "$scratch/data"; done
for weights in "$pack"/*.pth; do [ ! -f "$weights" ] || cp "$weights" "$scratch/data"; done
if [ -f "$pack/results.tar.gz" ]; then tar -xzf "$pack/results.tar.gz" -C bench/results; fi

run() { "$python" -m "$@" --data "$scratch/data" --runs "$scratch/runs" --device "$device"; }
measure() { run bench.accuracy "$@"; }
collect() {
  case $1 in
    grocery*) run bench.grocery --table "$1" ;;
    *) measure "$1" --collect ;;
  esac
}
# The step's speed first, alone on the device; a table's cells train side by side.
"$python" -m bench.train_gpu --data "$scratch/data" --device "$device" --until "$((until - 120))" >"$out/train-gpu.log" 2>&1 ||
  cat "$out/train-gpu.log"
for table in $tables; do
  [ "$(date +%s)" -lt "$until" ] || break
  measure "$table" --render >"$out/$table-render.log" 2>&1 || cat "$out/$table-render.log"
  for ((slice = 0; slice < processes; slice++)); do
    measure "$table" --slice "$slice/$processes" --until "$until" >"$out/$table-$slice.log" 2>&1 &
  done
  wait
  collect "$table" >"$out/$table-collect.log" 2>&1 || cat "$out/$table-collect.log"
done
tar -czf "$out/results.tar.gz" -C bench/results .
