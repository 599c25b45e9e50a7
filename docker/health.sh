#!/bin/bash
# HEALTHCHECK of the image: asks what `humtemp health` asks, without starting a Node each time.
[ -n "$HUMTEMP_HEALTH_PORT" ] || exec node /humtemp/node_modules/humtemp/bin/humtemp.js health
case ${HUMTEMP_HEALTH_HOST:-} in
  '' | 0.0.0.0 | :: | localhost) host=127.0.0.1 ;;
  *) host=$HUMTEMP_HEALTH_HOST ;;
esac
exec 3<>"/dev/tcp/$host/$HUMTEMP_HEALTH_PORT" || exit 1
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ] && exit 0
# The body, which says why.
while read -r line <&3 && [ -n "${line%$'\r'}" ]; do :; done
mapfile -u 3 body && printf '%s' "${body[@]}"
exit 1
