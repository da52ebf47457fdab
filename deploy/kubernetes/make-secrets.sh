#!/bin/sh
# Prints the Secrets of the stack, for `kubectl apply -f -`. deploy/secrets/make.sh makes the values, as for compose.
#
#   DATABASE_ADDRESS=host:5432/tidemark deploy/kubernetes/make-secrets.sh FOLDER
#
# FOLDER keeps the values, so that the next run prints the same ones: keep it as private as they are. To replace a value, delete
# its file in FOLDER/made. DATABASE_URL, DATABASE_READER_URL, DATABASE_OWNER_URL and SIGNING_KEY work as in .env.
set -eu
: "${DATABASE_ADDRESS:?the address of the database, such as db.example.com:5432/tidemark}"
folder=${1:?usage: make-secrets.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)

umask 077
for part in made postgres roles migrate nats gateway consumer query backup restore; do mkdir -p "$folder/$part"; done
export DATABASE_ADDRESS SECRETS_FOLDER="$folder"
sh "$here/../secrets/make.sh"

password=$(cat "$folder/nats/route_password")
rm "$folder/nats/route_password"
{
  echo "authorization { user: route, password: \"$password\" }"
  echo "routes: ["
  for server in nats-0 nats-1 nats-2; do echo "  \"nats://route:$password@$server.nats-nodes:6222\""; done
  echo "]"
} >"$folder/nats/routes.conf"

secret() { # secret NAME TYPE : begins a manifest
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: tidemark }\ntype: %s\ndata:\n' "$1" "$2"
}
value() { printf '  %s: %s\n' "$1" "$(base64 | tr -d '\n')"; } # value KEY <VALUE

for part in migrate nats gateway consumer query backup restore; do
  secret $part Opaque
  for file in "$folder/$part"/*; do value "$(basename "$file")" <"$file"; done
done
for role in owner writer reader; do # as CloudNativePG reads them
  secret role-tidemark-$role kubernetes.io/basic-auth
  printf tidemark_$role | value username
  value password <"$folder/roles/tidemark_$role"
done
