#!/usr/bin/env bash
# Takes an Envoy out of service before it is stopped (the preStop of its pod). Envoy itself ends at once on SIGTERM, and with
# it all that is open. So first: /healthz says 503, and every answer asks its connection to go elsewhere. New calls are
# still served until balancers have noticed; streams are left what is left of the time.
set -euo pipefail

admin=9901 # in envoy.yaml
seconds=${1:-30}

ask() { # METHOD PATH
  exec 3<>"/dev/tcp/127.0.0.1/$admin"
  printf '%s %s HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3<&- 3>&-
}
ask POST /healthcheck/fail >/dev/null
ask POST '/drain_listeners?graceful&skip_exit' >/dev/null

for ((waited = 0; waited < seconds; waited++)); do
  sleep 1
  # Balancers have had their time, and nobody is connected any more.
  if ((waited >= 10)) && [[ $(ask GET '/stats?filter=^http.edge.downstream_cx_active$') == *'downstream_cx_active: 0'* ]]; then exit; fi
done
