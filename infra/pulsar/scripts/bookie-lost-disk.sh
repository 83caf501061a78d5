# A bookie whose disks are empty, and that had others before, is refused by its old cookie. It starts when no ledger names it any more:
# autorecovery has copied them to others, or deleted ones are gone. A new bookie has no cookie.
set -u
id=$HOSTNAME.__DOMAIN__
bk() {
  BOOKIE_CONF=/config/bookkeeper.conf BOOKIE_LOG_DIR=/tmp/logs BOOKIE_MEM='-Xmx128m -XX:MaxDirectMemorySize=64m' \
    BOOKIE_GC=-XX:+UseSerialGC BOOKIE_GC_LOG=-Xlog:disable bin/bookkeeper shell "$@" 2>&1
}
# An empty list is believed only where the same command finds ledgers elsewhere: brokers always have some.
ledgers() {
  found=$(bk listledgers -bookieid "$id") || return 1
  left=$(printf '%s\n' "$found" | grep -c 'ledgerID:') || true
  [ "$left" -gt 0 ] || bk listledgers | grep -q 'ledgerID:'
}
is_empty() { ! find __DATA__ -name VERSION 2> /dev/null | grep -q .; }
trap 'exit 143' TERM INT
if is_empty && bk cookie_get "$id" | grep -q "^Cookie for bookie '$id' is:"; then
  while true; do
    if ! ledgers; then echo "The disks of $id are empty, and its ledgers cannot be listed."
    elif [ "$left" -eq 0 ]; then break
    else echo "The disks of $id are empty. It starts when its ledgers have been copied to others: $left are left."
    fi
    sleep __PAUSE_SECONDS__ &
    wait $!
  done
  echo "No ledger names $id any more: its old cookie is deleted, and it starts empty."
  bk cookie_delete "$id"
fi
