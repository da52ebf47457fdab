# The container is healthy when the service is ready. The script uses only bash, because a Node process at each run
# would cost 50 MB and 0.1 s.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
IFS=' ' read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
