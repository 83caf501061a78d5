set -eu
cp /config/bookkeeper.conf __CONF__
leaves() { [ "${HOSTNAME##*-}" -ge "$(cat "/config/${HOSTNAME%-*}.replicas")" ]; }
mode() { if leaves; then echo read-only; else echo writable; fi; }
started=$(mode)
if [ "$started" = read-only ]; then echo forceReadOnlyBookie=true >> __CONF__; fi
told_to_stop=no
trap 'told_to_stop=yes; kill -TERM $jvm' TERM INT
runs() { kill -0 $jvm 2>/dev/null; }
lives() { grep -qs '^LedgerDirsMonit' /proc/$jvm/task/*/comm; }
serves_metrics() { grep -qs '^qtp' /proc/$jvm/task/*/comm; }
while true; do
  bin/pulsar bookie &
  jvm=$!
  metrics=0
  until lives || ! runs || [ $metrics -ge __STOPPED_SECONDS__ ]; do
    sleep 1
    if serves_metrics; then metrics=$((metrics + 1)); fi
  done
  while lives; do
    sleep 1
    if [ $told_to_stop = no ] && [ "$(mode)" != "$started" ]; then
      echo "The stack wants this bookie $(mode) now: it restarts." >&2
      told_to_stop=yes
      kill -TERM $jvm
    fi
  done
  for second in 1 2 3 4 5; do if runs; then sleep 1; fi; done
  if ! runs; then break; fi
  echo 'The bookie has stopped and its JVM has not: it is killed.' >&2
  kill -KILL $jvm
  if [ $told_to_stop = yes ] || [ $SECONDS -gt __RETRY_SECONDS__ ]; then break; fi
done
wait $jvm
