#!/bin/sh
# nginx does not read the environment, so this script writes the settings to a file before nginx starts.
set -eu
limit=${MAX_BODY_BYTES:-8000000}
case $limit in *[!0-9]*)
  echo "MAX_BODY_BYTES: must be a whole number" >&2
  exit 1
  ;;
esac
printf 'client_max_body_size %s;\nmap "" $body_limit { default %s; }\n' "$limit" "$limit" >/tmp/limits.conf
exec nginx -c /etc/nginx/nginx.conf -g 'daemon off;'
