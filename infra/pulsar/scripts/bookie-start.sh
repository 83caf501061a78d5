set -eu
sed '__DIRECTORIES__' /config/bookkeeper.conf > __CONF__
ordinal=${HOSTNAME##*-}
counted() { cat "/config/${HOSTNAME%-*}.replicas"; }
leaves() { [ "$ordinal" -ge "$(counted)" ]; }
mode() { if leaves; then echo read-only; else echo writable; fi; }
started=$(mode)
# Several that leave restart one after the other, so that no entry loses all its copies for a moment.
turn() {
  if ! leaves; then echo 0; return; fi
  read -r first step < "/config/${HOSTNAME%-*}.turn"
  echo $(((first + step * (ordinal - $(counted))) * __TURN_SECONDS__))
}
changed=
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
    if [ "$(mode)" = "$started" ]; then changed=; continue; fi
    changed=${changed:-$SECONDS}
    if [ $told_to_stop = no ] && [ $((SECONDS - changed)) -ge "$(turn)" ]; then
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
