#!/bin/sh
# guard.sh COMMAND [ARGUMENT...]: runs the command until it ends, or until whoever holds the other end
# of standard input is gone, however that one died. The command keeps this process's id. It is sent GUARD_STOP_SIGNAL
# (TERM), and killed GUARD_GRACE_SECONDS (5) later.
exec 3<&0
(
  cat <&3 >/dev/null
  for signal in "${GUARD_STOP_SIGNAL:-TERM}" KILL; do
    kill -s "$signal" $$ || exit 0
    for _ in $(seq $((10 * ${GUARD_GRACE_SECONDS:-5}))); do
      sleep 0.1
      kill -s 0 $$ || exit 0
    done
  done
) 2>/dev/null &
exec "$@" </dev/null 3<&-
