set -eu
data=/pulsar/data/zookeeper
conf=$data/conf
ordinal=${POD_NAME##*-}
set_name=${POD_NAME%-*}
id=$((ordinal + 1))
last=$(($(cat /config/replicas) - 1))
mkdir -p "$conf"
echo "$id" > "$data/myid"

member() { echo "server.$(($1 + 1))=$set_name-$1.__DOMAIN__:2888:3888:$2;0.0.0.0:2181"; }
mode() { (exec 3<>"/dev/tcp/$1/2181" && printf srvr >&3 && timeout 2 grep '^Mode: ' <&3) 2>/dev/null; }
shell() {
  PULSAR_MEM=-Xmx64m PULSAR_GC=-XX:+UseSerialGC PULSAR_GC_LOG=-Xlog:disable \
    bin/pulsar zookeeper-shell -server "$1" "${@:2}" 2>&1
}

if [ ! -e "$conf/zoo.cfg" ]; then
  # The first node begins alone, unless others serve already: then it has lost its disk.
  others=""
  for other in $(seq 0 "$last"); do
    [ "$other" = "$ordinal" ] && continue
    if [ "$ordinal" != 0 ] && [ "$other" -lt "$ordinal" ]; then others="$others $other"
    elif mode "$set_name-$other.__DOMAIN__"; then others="$others $other"; fi
  done
  role=observer; [ -z "$others" ] && role=participant
  { for other in $others; do member "$other" participant; done; member "$ordinal" $role; } > "$conf/dynamic.first"
  echo "dynamicConfigFile=$conf/dynamic.first" > "$conf/zoo.cfg"
fi
{ cat /config/zookeeper.conf; grep '^dynamicConfigFile=' "$conf/zoo.cfg"; } > "$conf/zoo.cfg.next"
mv "$conf/zoo.cfg.next" "$conf/zoo.cfg"

# A node that the stack no longer counts has left the ensemble, and must not come back by a restart.
join() {
  if [ "$ordinal" -gt "$last" ]; then return; fi
  until shell localhost:2181 config | grep -q "^server\.$id=.*:participant"; do
    leader=""
    for other in $(seq 0 "$last"); do
      case $(mode "$set_name-$other.__DOMAIN__") in *leader*) leader="$set_name-$other.__DOMAIN__" ;; esac
    done
    [ -n "$leader" ] && mode localhost && shell "$leader:2181" reconfig -add "$(member "$ordinal" participant)" | tail -n 3
    sleep 2
  done
  touch /tmp/member
}
join &
exec bin/pulsar zookeeper
