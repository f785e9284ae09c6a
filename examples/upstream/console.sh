#!/usr/bin/env bash
# Publish one walk with Kafka's console tools and print the event of how it ended, as JSON.
set -euo pipefail

KAFKA=${WALK_KAFKA_BOOTSTRAP_SERVERS:-localhost:9092}
PREFIX=${WALK_TOPIC_PREFIX:-l1.walk}
SESSION=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-F a-f)
WHO='"account_id":"7c9e6679-7425-40de-944b-e07fc1f90ae7","user_id":"550e8400-e29b-41d4-a716-446655440000"'

# say NUMBER VERB DATA: one line, the key before the bar
say() {
  printf '%s|{"specversion":"1.0","id":"%s","source":"/examples/console","type":"l1.walk.%s.v1","subject":"%s","data":{%s,%s}}\n' \
    "$SESSION" "$1" "$2" "$SESSION" "$WHO" "$3"
}

{
  say 1 start '"ticket":{"id":"T20260131.0042","kind":"psa"},"session_kind":"ai_build","start_node_id":"link-light"'
  say 2 step '"node_id":"link-light","question":"Is the link light on?","answer":"no"'
  say 3 resolve '"resolution_notes":"Plugged the cable back in – it works.","helpful":true'
} | kafka-console-producer.sh --bootstrap-server "$KAFKA" --topic "$PREFIX.commands" \
  --property parse.key=true --property key.separator='|' >&2

exec 3< <(exec kafka-console-consumer.sh --bootstrap-server "$KAFKA" --from-beginning \
  --include "${PREFIX//./[.]}[.](resolved|rejected)" --timeout-ms "${WAIT_SECONDS:-30}000" 2>/dev/null)
trap 'kill $! 2>/dev/null' EXIT
while read -r event <&3; do
  case $event in
    *'"type":"l1.walk.resolved.v1","subject":"'"$SESSION"*) echo "$event"; exit ;;
    *'"subject":"'"$SESSION"*) echo "rejected: $event" >&2; exit 1 ;;
  esac
done
echo "nothing came within ${WAIT_SECONDS:-30} seconds: does a worker run?" >&2
exit 1
