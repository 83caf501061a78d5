# Before the servers get version __VERSION__: nothing runs yet, or it runs already, or every bookie runs and every ledger has its copies.
set -eu
zk() { bin/pulsar zookeeper-shell -server __ZOOKEEPER__ "$@" 2>&1; }
# The children of a node, one a line; none where it does not exist.
children() { zk ls "$1" | tail -n 1 | grep '^\[.*\]$' | tr -d '[] ' | tr ',' '\n' | grep -v '^$' || true; }
# What getent ends with for a name that nobody has. Members have theirs with their pods, and the API server always has one.
readonly NO_SUCH_NAME=2
unknown() { local status=0; getent hosts "$1" > /dev/null || status=$?; [ "$status" -eq "$NO_SUCH_NAME" ]; }
refuse() {
  echo "refused: $1"
  echo 'If it must be without this check, state platform.acknowledge: ["pulsar.upgrade=__VERSION__"]'
  exit 1
}

deadline=$((SECONDS + __WAIT_SECONDS__))
while unknown '__API_SERVER__'; do
  [ "$SECONDS" -lt "$deadline" ] || refuse 'the name __API_SERVER__ is not known in the cluster, so no other can be looked up'
  sleep 2
done
if unknown '__MEMBERS__'; then
  echo 'no server runs yet, so there is nothing to check'
  exit 0
fi

while true; do
  fault=''
  if ! zk ls / | grep -q '^\[.*zookeeper'; then
    fault='ZooKeeper does not answer'
  else
    for broker in $(children /loadbalance/brokers); do
      if zk get "/loadbalance/brokers/$broker" | grep -qF '"brokerVersionString":"__VERSION__"'; then
        echo 'version __VERSION__ runs already'
        exit 0
      fi
    done
    missing=$(children /ledgers/cookies)
    for bookie in $(children /ledgers/available) $(children /ledgers/available/readonly); do
      missing=$(grep -vxF "$bookie" <<< "$missing" || true)
    done
    copied=$(zk ls -R /ledgers/underreplication/ledgers | grep -c '/urL' || true)
    if [ -n "$missing" ]; then
      fault="bookies are down: $(echo $missing); with one more, ledgers could not be written or read"
    elif [ "$copied" -gt 0 ]; then
      fault="$copied ledgers lack a copy"
    fi
  fi
  [ -n "$fault" ] || break
  [ "$SECONDS" -lt "$deadline" ] || refuse "$fault"
  echo "waiting: $fault"
  sleep 10
done
echo 'every bookie runs, and every ledger has its copies'
