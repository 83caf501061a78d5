set -eu
zk() { bin/pulsar zookeeper-shell -server __ZOOKEEPER__ "$@" 2>&1; }
until zk ls / | grep -q '^\[.*zookeeper'; do echo 'ZooKeeper does not answer yet'; sleep 3; done

if zk get /admin/clusters/__CLUSTER__ | grep -q serviceUrl && zk get /ledgers/INSTANCEID | grep -q '^[0-9a-f-]\{36\}$'; then
  echo 'cluster __CLUSTER__ already exists; nothing is initialised'
elif zk ls /admin/clusters | grep -q '^\[[^]]' && ! zk ls /admin/clusters | grep -q '[[ ]__CLUSTER__[],]'; then
  echo 'ZooKeeper belongs to another cluster:'; zk ls /admin/clusters | tail -n 1
  exit 1
else
  bin/pulsar initialize-cluster-metadata --cluster __CLUSTER__ \
    --metadata-store zk:__ZOOKEEPER__ --configuration-metadata-store zk:__ZOOKEEPER__ \
    --web-service-url http://__BROKER__:__ADMIN_PORT__ --broker-service-url pulsar://__BROKER__:__BROKER_PORT__
fi

racks='__RACKS__'
zk create /bookies '{}' || true
zk set /bookies "$racks"
zk get /bookies | grep -qF "$racks"
echo 'racks of the bookies are set'
