set -eu
admin() {
  bin/pulsar-admin --admin-url __ADMIN_URL__ --auth-plugin org.apache.pulsar.client.impl.auth.AuthenticationToken \
    --auth-params file://__TOKEN_DIR__/token "$@"
}
grant() { admin topics grant-permission "$1" --role "$2" --actions "$3"; }
grant __EVENTS__ api produce
grant __EVENTS__ worker consume
grant __DEAD_LETTERS__ api consume
grant __DEAD_LETTERS__ worker produce
# Earlier releases gave both roles the whole namespace.
for role in api worker; do admin namespaces revoke-permission __NAMESPACE__ --role "$role"; done
