#!/bin/sh
# Creates the credentials of the stack once, and puts each one into the volume of the part that needs it. Compose runs
# this script before all other containers, at each `docker compose up`. No credential is in an image, in an environment
# or in this repository. deploy/kubernetes/make-secrets.sh runs it with other folders and another address of the database.
#
# /secrets/made holds the created values, and no other container mounts it. Delete its volume to get new credentials
# (operations.md). DATABASE_URL, DATABASE_READER_URL, DATABASE_OWNER_URL and SIGNING_KEY replace the values that would
# be created.
set -eu
umask 022 # each part reads its files as its own user, and a volume is mounted in one part only
folder=${SECRETS_FOLDER:-/secrets}

made() { # made NAME : prints a random value of 64 hexadecimal digits, always the same for a name
  if [ ! -s "$folder/made/$1" ]; then
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/made/$1.new"
    mv "$folder/made/$1.new" "$folder/made/$1"
  fi
  cat "$folder/made/$1"
}

put() { # put PART/NAME VALUE
  printf '%s' "$2" >"$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

database_url() { echo "postgres://$1:$(made "postgres-$1")@${DATABASE_ADDRESS:-postgres:5432/tidemark}"; }
nats_url() { echo "nats://$1:$(made "nats-$1")@nats:4222"; }

put postgres/password "$(made postgres-superuser)"
put roles/tidemark "$(made postgres-superuser)"
for role in tidemark_owner tidemark_writer tidemark_reader; do put roles/$role "$(made postgres-$role)"; done
put migrate/database_url "${DATABASE_OWNER_URL:-${DATABASE_URL:-$(database_url tidemark_owner)}}"
put consumer/database_url "${DATABASE_URL:-$(database_url tidemark_writer)}"
put backup/database_url "${DATABASE_READER_URL:-${DATABASE_URL:-$(database_url tidemark_reader)}}"
put restore/database_url "${DATABASE_OWNER_URL:-${DATABASE_URL:-$(database_url tidemark_owner)}}"
put query/database_url "${DATABASE_READER_URL:-${DATABASE_URL:-$(database_url tidemark_reader)}}"

put nats/passwords.conf "$(for user in gateway consumer query backup restore admin; do
  echo "$(echo $user | tr '[:lower:]' '[:upper:]')_PASSWORD: \"$(made nats-$user)\""
done)"
put nats/route_password "$(made nats-route)" # of the brokers of a cluster among each other
for part in gateway consumer query backup restore; do put $part/nats_url "$(nats_url $part)"; done

for part in gateway query; do put $part/signing_key "${SIGNING_KEY:-$(made signing-key)}"; done
