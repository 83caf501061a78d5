set -eu
# before: takes the nodes that the stack no longer wants out of the ensemble, and verifies it. after: the same for one that restarted
# meanwhile, and joined again. It may be killed at any step, and run again.
shell() { bin/pulsar zookeeper-shell -server "$1:2181" "${@:2}" 2>&1; }
host() { echo "__SET__-$1.__DOMAIN__"; }
serves() { (exec 3<>"/dev/tcp/$1/2181" && printf srvr >&3 && timeout 2 grep -Eq '^Mode: (leader|follower)' <&3) 2>/dev/null; }
ids_of() { shell "$1" config | sed -n 's/^server\.\([0-9][0-9]*\)=.*/\1/p'; }
leaving_of() { awk -v wanted=__WANTED__ '$1 > wanted' | paste -sd, -; }
readonly STAYING=$((__WANTED__ - 1))
left='nothing is known yet'
said=''
removed_at=''

# What curl ends with for a name that nobody has. A node has its name as soon as its pod has an address.
readonly NO_SUCH_NAME=6
unknown() {
  status=0
  curl -s -m 3 -o /dev/null "http://$1:2181" || status=$?
  [ $status -eq $NO_SUCH_NAME ]
}
nothing_runs() {
  for ordinal in $(seq 0 $STAYING); do
    if ! unknown "$(host "$ordinal")"; then return 1; fi
  done
}

drain() {
  if [ '__WHEN__' = before ] && nothing_runs; then left=''; return 0; fi
  first=''
  for ordinal in $(seq 0 $STAYING); do
    if serves "$(host "$ordinal")"; then first=$(host "$ordinal"); break; fi
  done
  if [ -z "$first" ]; then left='no node that stays serves'; return 1; fi
  ids=$(ids_of "$first")
  if [ -z "$ids" ]; then left="$first does not say who is in the ensemble"; return 1; fi
  leaving=$(printf '%s\n' "$ids" | leaving_of)
  if [ -z "$leaving" ]; then
    # A node that restarts before Kubernetes has updated its ConfigMap joins again.
    if [ -z "$removed_at" ] || [ $((SECONDS - removed_at)) -ge __SETTLE_SECONDS__ ]; then return 0; fi
    left='they have left the ensemble; waits until a restart can bring none back'
    return 1
  fi
  for ordinal in $(seq 0 $STAYING); do
    if ! serves "$(host "$ordinal")"; then
      left="$(host "$ordinal") does not serve, and the ensemble needs it when $leaving have left"
      return 1
    fi
  done
  left="$leaving are still in the ensemble"
  shell "$first" reconfig -remove "$leaving" | tail -n 3
  for ordinal in $(seq 0 $STAYING); do
    if [ -n "$(ids_of "$(host "$ordinal")" | leaving_of)" ]; then return 1; fi
  done
  removed_at=$SECONDS
  return 1
}

if [ -n '__SKIPPED__' ]; then
  echo 'NOT REMOVED from the ensemble, as the stack says (platform.skipCheck)'
  exit 0
fi
end=$((SECONDS + __SECONDS__))
until drain; do
  if [ "$SECONDS" -ge "$end" ]; then
    reason="NOT DONE: $left. The next \`up\` continues from here."
    echo "$reason"
    printf '%s' "$reason" > __MESSAGE_FILE__
    exit 2
  fi
  if [ "$left" != "$said" ]; then echo "$left"; fi
  said=$left
  sleep 2
done
echo 'nothing is left to do for nodes that leave'
