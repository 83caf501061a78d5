set -eu
umask 077
password() { cat "/users/$1"; }
printf 'user = "elastic:%s"\n' "$(password elastic)" > /tmp/curl
call() { curl --silent --show-error --fail-with-body --config /tmp/curl --cacert /authority/ca.crt -H 'Content-Type: application/json' "$@"; echo; }
until call https://__HOST__/_security/_authenticate >/dev/null; do echo 'Elasticsearch does not answer yet'; sleep 3; done
call -X PUT https://__HOST__/_security/role/tracardi -d '__ROLE__'
printf '{"password": "%s", "roles": ["tracardi"], "full_name": "API and workers of the event pipeline"}' "$(password tracardi)" > /tmp/user
call -X PUT https://__HOST__/_security/user/tracardi -d @/tmp/user
