#!/usr/bin/env bash
# Restores a stack from its newest snapshot, and checks that every event is stored once. All indices of the stack are deleted and
# restored: only for a stack whose data may be lost, such as dev. See docs/backup.md.
set -euo pipefail
namespace=${1:?name the namespace}
source=${2:?name an event source that may send without a secret}
events=${DRILL_EVENTS:-2000}
seconds=${DRILL_SECONDS:-1800}
port=${DRILL_PORT:-18585}
work=$(mktemp -d)
k() { kubectl --namespace "$namespace" "$@"; }
say() { echo "$(date -u +%H:%M:%S) $*"; }

kubectl --namespace "$namespace" port-forward svc/api "$port:8585" >"$work/forward.log" 2>&1 &
forward=$!
trap 'kill "$forward" 2>/dev/null || true; rm -rf "$work"' EXIT
until grep -q Forwarding "$work/forward.log"; do
  kill -0 "$forward" || { cat "$work/forward.log" >&2; exit 1; }
  sleep 0.2
done

send() { node runtime/cli.ts send --url "http://127.0.0.1:$port" --source "$source" --events "$events" --accepted "$work/ids-$1"; }
stored() { cat "$work"/ids-* | k exec -i deploy/worker -- node runtime/cli.ts indices check -; }
until_stored() {
  local end=$((SECONDS + seconds))
  until stored; do
    [ "$SECONDS" -lt "$end" ] || { say "FAILED: not every event is stored once"; exit 2; }
    sleep "${DRILL_PAUSE:-5}"
  done
}
job() { # job NAME CRONJOB [VARIABLE=VALUE...]: runs it to its end and prints its log
  local name=$1 from=$2; shift 2
  k create job "$name" --from="cronjob/$from" --dry-run=client -o yaml >"$work/job.yaml"
  if [ $# -gt 0 ]; then k set env --local -f "$work/job.yaml" "$@" -o yaml | k create -f -; else k create -f "$work/job.yaml"; fi
  local end=$((SECONDS + seconds)) state=
  until [ -n "$state" ]; do
    state=$(k get job "$name" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
    [ "$SECONDS" -lt "$end" ] || state="no end within $seconds s"
    sleep "${DRILL_PAUSE:-5}"
  done
  k logs "job/$name"
  case $state in *Complete*) ;; *) say "FAILED: $name: $state"; exit 1 ;; esac
}

run=$(date -u +%Y%m%d%H%M%S)
say "sending $events events"; send before; until_stored
say "making a snapshot"; job "drill-snapshot-$run" snapshot
say "sending $events more, which no snapshot has"; send after; until_stored
say "deleting and restoring all indices"
job "drill-restore-$run" restore RESTORE_TO=latest RESTORE_EXISTING=--replace RESTORE_MODE=--apply
until_stored
say "passed after $SECONDS s"
