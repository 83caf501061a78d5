set -eu
# before: empties the bookies that the stack no longer wants, and verifies it. after: deletes their cookies, once they are gone, so that
# another one may come under their name. It may be killed at any step, and run again.
bk() { BOOKIE_CONF=/config/bookkeeper.conf BOOKIE_LOG_DIR=/tmp/logs bin/bookkeeper shell "$@" 2>&1; }
within() { printf '%s\n' "$1" | grep -Fqx -- "$2"; }
count() { if [ -z "$1" ]; then echo 0; else printf '%s\n' "$1" | wc -l; fi; }
wanted=$(printf '%s\n' __WANTED__)
left='nothing is known yet'
round=1

# Our bookies in a list. One that failed, or that has none and does not say so, is not believed.
listed() {
  status=0
  answer=$(bk listbookies "$1") || status=$?
  if printf '%s\n' "$answer" | grep -q 'No bookie exists'; then return 0; fi
  found=$(printf '%s\n' "$answer" | sed -n 's/.*BookieID:\([^, ]*\).*/\1/p')
  if [ $status -ne 0 ] || [ -z "$found" ]; then
    printf '%s\n' "$answer" | tail -n 3 >&2
    return 1
  fi
  printf '%s\n' "$found" | grep -E '__OURS__' | sort -u || true
}

# Every bookie that there ever was has a cookie, until it is deleted here.
find_leaving() {
  if ! { all=$(listed -a) && writable=$(listed -rw) && readonly=$(listed -ro); }; then
    left='ZooKeeper does not say which bookies there are'
    return 1
  fi
  leaving=$(printf '%s\n' "$all" | grep -Fvx -- "$wanted" | grep -Ev '__SKIPPED__' || true)
}

# A list that is empty is believed only where the same command finds ledgers elsewhere: brokers always have some.
ledgers_of() {
  left="the ledgers of $1 cannot be listed"
  found=$(bk listledgers -meta -bookieid "$1") || return 1
  ledgers=$(printf '%s\n' "$found" | grep -c 'ledgerID:') || true
  [ "$ledgers" -gt 0 ] || bk listledgers | grep -q 'ledgerID:' || return 1
}

# An open ledger takes more entries. Its topic is unloaded, which closes it and begins another one elsewhere.
close_ledgers() {
  names=$(printf '%s\n' "$found" | grep 'state=OPEN' | grep -o 'pulsar/managed-ledger=base64:[^,}]*' | sort -u || true)
  for name in $names; do
    topic=$(printf '%s' "${name#*base64:}" | base64 -d)
    path=$(printf '%s' "$topic" | awk -F/ '$3 == "persistent" { print $1 "/" $2 "/" $4 }')
    if [ -z "$path" ]; then continue; fi
    echo "closes the ledgers of $topic"
    if [ -e __TOKEN_FILE__ ]; then printf 'header = "Authorization: Bearer %s"\n' "$(cat __TOKEN_FILE__)"; fi |
      curl -sSL --location-trusted -m 60 -o /dev/null -X PUT -K - "__ADMIN_URL__/admin/v2/persistent/$path/unload" || true
  done
}

before() {
  find_leaving || return 1
  if [ -z "$leaving" ]; then left=''; return 0; fi
  staying=$(printf '%s\n' "$writable" | grep -Fx -- "$wanted" || true)
  if [ "$(count "$staying")" -lt __ENSEMBLE__ ]; then
    left="only $(count "$staying") of the bookies that stay are writable, and a ledger needs __ENSEMBLE__"
    return 1
  fi
  for id in $leaving; do
    if within "$writable" "$id"; then
      left="$id is still writable; it restarts when Kubernetes has updated its ConfigMap"
      return 1
    fi
  done
  rest=0
  for id in $leaving; do
    ledgers_of "$id" || return 1
    if printf '%s\n' "$found" | grep -q 'state=OPEN'; then close_ledgers; fi
    # What a broker left open when it died is closed by the recovery itself, which stops everyone who still writes.
    if [ $((round % 3)) -eq 0 ]; then open=''; else open=-sk; fi
    if [ "$ledgers" -gt 0 ]; then
      # shellcheck disable=SC2086
      timeout -k 10 $((end - SECONDS + 1)) bash -c "$(declare -f bk); bk recover -f $open $id" | tail -n 3 || true
      ledgers_of "$id" || return 1
    fi
    rest=$((rest + ledgers))
  done
  if [ $rest -gt 0 ]; then
    left="$rest ledgers are left on ${leaving//$'\n'/, }"
    return 1
  fi
  # Nobody may have written to them since they were asked.
  writable=$(listed -rw) || return 1
  for id in $leaving; do
    if within "$writable" "$id"; then left="$id became writable again"; return 1; fi
  done
}

after() {
  find_leaving || return 1
  for id in $leaving; do
    if within "$writable" "$id" || within "$readonly" "$id"; then left="$id still runs"; return 1; fi
    ledgers_of "$id" || return 1
    if [ "$ledgers" -gt 0 ]; then left="$ledgers ledgers are on $id again"; return 1; fi
    bk cookie_delete "$id" | tail -n 2
  done
  all=$(listed -a) || return 1
  for id in $leaving; do
    if within "$all" "$id"; then left="the cookie of $id is still there"; return 1; fi
  done
}

end=$((SECONDS + __SECONDS__))
until __WHEN__; do
  if [ "$SECONDS" -ge "$end" ]; then
    reason="NOT DONE: $left. The next \`up\` continues from here."
    echo "$reason"
    printf '%s' "$reason" > __MESSAGE_FILE__
    exit 2
  fi
  echo "$left"
  round=$((round + 1))
  sleep 2
done
echo 'nothing is left to do for bookies that leave'
