# Before the nodes get version __VERSION__: nothing runs yet, or it runs already, or the cluster is whole and has a way back.
set -eu
umask 077
options=(--silent --show-error --connect-timeout 3 --max-time 10)
if [ -f /users/elastic ]; then
  printf 'user = "elastic:%s"\n' "$(cat /users/elastic)" > /tmp/curl
  options+=(--config /tmp/curl --cacert /authority/ca.crt)
fi
call() { curl --fail "${options[@]}" "__URL__/$1"; }
# What curl ends with for a name that nobody has. The Service has its name as soon as it exists, its members with their pods.
readonly NO_SUCH_NAME=6
unknown() { local status=0; curl "${options[@]}" --output /dev/null "$1" 2>/dev/null || status=$?; [ "$status" -eq "$NO_SUCH_NAME" ]; }
refuse() {
  echo "refused: $1"
  echo 'If it must be without this check, state platform.acknowledge: ["elasticsearch.upgrade=__VERSION__"]'
  exit 1
}

deadline=$((SECONDS + __WAIT_SECONDS__))
while unknown '__URL__'; do
  [ "$SECONDS" -lt "$deadline" ] || refuse 'the name of the Service __URL__ is not known in the cluster'
  sleep 2
done
if unknown '__MEMBERS__'; then
  echo 'no node runs yet, so there is nothing to check'
  exit 0
fi

while true; do
  fault=''
  if ! versions=$(call '_cat/nodes?h=version'); then
    fault='Elasticsearch does not answer'
  elif [[ " $(echo $versions) " == *' __VERSION__ '* ]]; then
    echo 'version __VERSION__ runs already'
    exit 0
  elif ! health=$(call '_cat/health?h=status,init,relo,unassign'); then
    fault='Elasticsearch does not report its health'
  else
    read -r status initializing relocating unassigned <<< "$health"
    if [ "$status $initializing $relocating $unassigned" != 'green 0 0 0' ]; then
      fault="Elasticsearch is $status, with $initializing initializing, $relocating relocating and $unassigned unassigned shards; the next restart could make it red"
    fi
  fi
  [ -n "$fault" ] || break
  [ "$SECONDS" -lt "$deadline" ] || refuse "$fault"
  echo "waiting: $fault"
  sleep 10
done
echo "the cluster is green, and its nodes run $(echo $versions)"

if [ '__SNAPSHOT_HOURS__' -eq 0 ]; then
  echo 'the stack makes no snapshots (group backup), so there is no way back from __VERSION__'
  exit 0
fi
newest=0
snapshots=$(call '_cat/snapshots/__REPOSITORY__?h=status,end_epoch') || refuse 'the snapshots cannot be listed'
while read -r status end; do
  if [ "$status" = SUCCESS ] && [ "$end" -gt "$newest" ]; then newest=$end; fi
done <<< "$snapshots"
age_minutes=$((($(date +%s) - newest) / 60))
again='make one now: docs/operations.md, "Snapshots"'
[ "$newest" -gt 0 ] || refuse "there is no whole snapshot; $again"
[ "$age_minutes" -le $((__SNAPSHOT_HOURS__ * 90)) ] || refuse "the newest whole snapshot is $age_minutes minutes old, and one is made every __SNAPSHOT_HOURS__ hours; $again"
echo "the newest whole snapshot is $age_minutes minutes old"
