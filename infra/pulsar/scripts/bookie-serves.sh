curl -fsS http://127.0.0.1:__METRICS_PORT__/metrics | grep -Eq '^bookie_SERVER_STATUS([{].*[}])? [01]([.]0)?$' || exit 1
dump=$(timeout 3 bash -c 'exec 3<>/dev/tcp/__ZOOKEEPER__ && printf dump >&3 && cat <&3' 2>/dev/null) || exit 0
case $dump in *'ephemeral nodes dump:'*) ;; *) exit 0 ;; esac
echo "$dump" | grep -Eq "/ledgers/available/(readonly/)?$HOSTNAME.__DOMAIN__:__BOOKIE_PORT__$"
