#!/bin/sh
# Makes the key that signs cursors and receipts, once, in a volume that only gateways and queries see. SIGNING_KEY in .env
# takes its place.
set -eu
file=/secrets/signing_key
umask 022 # the volume belongs to root and the services do not run as root, so the file is readable
if [ -n "${SIGNING_KEY:-}" ]; then
  printf '%s' "$SIGNING_KEY" > "$file.new"
elif [ ! -s "$file" ]; then
  head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$file.new"
else
  exit 0
fi
mv "$file.new" "$file" # whole or not at all
