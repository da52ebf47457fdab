#!/bin/sh
# nginx does not read the environment, so this script writes the settings to files before nginx starts.
set -eu
folder=/tmp/edge
mkdir -p $folder

number() { # number NAME PRESET : prints the value of a setting that is a whole number
  eval "value=\${$1:-$2}"
  case $value in *[!0-9]*)
    echo "$1: must be a whole number" >&2
    exit 1
    ;;
  esac
  echo "$value"
}

body_limit=$(number MAX_BODY_BYTES 8000000)
requests_per_second=$(number EDGE_REQUESTS_PER_SECOND 10000)
requests_at_a_time=$(number EDGE_REQUESTS_AT_A_TIME 1000)
large_bodies_at_a_time=$(number EDGE_LARGE_BODIES_AT_A_TIME 6)
access_log=${EDGE_ACCESS_LOG:-all}
case $access_log in all | failures | off) ;; *)
  echo "EDGE_ACCESS_LOG: must be all, failures or off" >&2
  exit 1
  ;;
esac

# nginx reads /etc/resolv.conf neither for the servers nor for the domain that completes a short name. Docker's own server
# knows short names; that of Kubernetes knows a service only with its domain, such as tidemark.svc.cluster.local.
servers='' domain=''
while read -r key value _; do
  case $key:$value in
    nameserver:*:*) servers="$servers [$value]" ;;
    nameserver:*) servers="$servers $value" ;;
    search:*.svc.*) domain=.$value ;;
  esac
done </etc/resolv.conf
echo "resolver$servers valid=2s ipv6=off;" >$folder/resolver.conf
for service in gateway query; do
  echo "server $service$domain:8080 resolve max_fails=1 fail_timeout=1s;" >$folder/$service.conf
done

{
  echo "client_max_body_size $body_limit;"
  echo "map '' \$body_limit { default $body_limit; }"
  echo "map '' \$access_log { default $access_log; }"
  echo "limit_req_zone \$binary_remote_addr zone=rate_of_address:10m rate=${requests_per_second}r/s;"
  echo "real_ip_header X-Forwarded-For;"
  echo "real_ip_recursive on;"
  for proxy in $(echo "${TRUSTED_PROXIES:-}" | tr ',' ' '); do
    case $proxy in # the services accept these three names as well
      loopback) ranges="127.0.0.0/8 ::1" ;;
      linklocal) ranges="169.254.0.0/16 fe80::/10" ;;
      uniquelocal) ranges="10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7" ;;
      *) ranges=$proxy ;;
    esac
    for range in $ranges; do echo "set_real_ip_from $range;"; done
  done
} >$folder/settings.conf

{
  echo "limit_conn requests_of_address $requests_at_a_time;"
  echo "limit_conn large_bodies_of_address $large_bodies_at_a_time;"
  echo "limit_req zone=rate_of_address burst=$requests_per_second nodelay;"
} >$folder/server.conf

{
  echo "add_header X-Request-Id \$named_request always;"
  echo "add_header X-Content-Type-Options nosniff always;"
  echo "add_header X-Frame-Options DENY always;"
  echo "add_header Referrer-Policy no-referrer always;"
  echo "add_header Cross-Origin-Resource-Policy same-origin always;"
} >$folder/headers.conf

if [ -z "${TLS_CERTIFICATE_FILE:-}" ]; then
  echo "listen 8080 reuseport backlog=4096;" >>$folder/server.conf
else
  cat >>$folder/server.conf <<TLS
listen 8443 ssl reuseport backlog=4096;
http2 on;
ssl_certificate $TLS_CERTIFICATE_FILE;
ssl_certificate_key $TLS_KEY_FILE;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
ssl_session_cache shared:tls:10m;
ssl_session_timeout 1d;
ssl_session_tickets off;
TLS
  echo "add_header Strict-Transport-Security 'max-age=63072000' always;" >>$folder/headers.conf
  # 308 keeps the method and the body.
  cat >>$folder/settings.conf <<REDIRECT
server {
  listen 8080 reuseport backlog=4096;
  server_name _;
  location / { return 308 https://\$host:$(number TLS_PORT 8443)\$request_uri; }
}
REDIRECT
fi

exec nginx -c /etc/nginx/nginx.conf -g 'daemon off;'
