# Sourced by the other scripts: writes what kcat and curl need into files that only you can read.
# Set before: JAUAP_SERVERS, JAUAP_HTTP, JAUAP_CA, JAUAP_BODY, JAUAP_PASSWORD_FILE, as they were handed to you.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
password=$(<"$JAUAP_PASSWORD_FILE")
cat >"$scratch/kcat.conf" <<CONF
bootstrap.servers=$JAUAP_SERVERS
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.username=$JAUAP_BODY
sasl.password=$password
ssl.ca.location=$JAUAP_CA
batch.size=200000
log_level=3
CONF
printf 'user = "%s:%s"\ncacert = "%s"\nsilent\nshow-error\nfail\n' "$JAUAP_BODY" "$password" "$JAUAP_CA" >"$scratch/curl.conf"
feed=jauap.feed.$JAUAP_BODY
submit=jauap.submit.$JAUAP_BODY

# Logging in to Kafka 4 needs librdkafka 2.6.1 or newer (edenhill/kcat, issue 462), and Debian 12 has an older one. Then
# the library that PyPI's confluent-kafka brings along is put in its place: pip install confluent-kafka
rdkafka=
installed=$(command kcat -V | sed -n 's/.*librdkafka \([0-9.]*\).*/\1/p')
if [[ $(printf '2.6.1\n%s\n' "$installed" | sort -V | head -1) != 2.6.1 ]]; then
  rdkafka=$(python3 -c 'import confluent_kafka, pathlib
print(*pathlib.Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka*"))' 2>/dev/null) || {
    echo "kcat has librdkafka $installed, and logging in needs 2.6.1 or newer: pip install confluent-kafka" >&2
    exit 1
  }
fi
kcat() { LD_PRELOAD=$rdkafka command kcat "$@" 2> >(grep -v -e '^% Reading configuration' -e CONFWARN >&2); }

ask() { curl --config "$scratch/curl.conf" "$@"; }

# The value of the record at an offset, decoded by the schema whose id it carries.
value_at() {
  kcat -F "$scratch/kcat.conf" -C -q -e -t "$feed" -p 0 -o "$1" -c 1 -f '%s' -D '' >"$scratch/value"
  [[ -s $scratch/value ]] || { echo "there is no item at $1" >&2; exit 1; }
  ask "$JAUAP_HTTP/schemas/ids/$(python3 "$here/wire.py" id "$scratch/value")" >"$scratch/schema.json"
  python3 "$here/wire.py" decode "$scratch/schema.json" "$scratch/value"
}
