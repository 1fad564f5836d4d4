#!/bin/sh
# The manual page of weir-host from what its --help prints. Usage: manual_from_help.sh PROGRAM DATE
set -eu
escape='s/\\/\\e/g; s/-/\\-/g; s/`/\\(ga/g; s/\^/\\(ha/g; s/~/\\(ti/g; s/'"'"'/\\(aq/g; s/^\./\\\&./'
echo ".TH \"WEIR\-HOST\" 1 \"$2\" \"weir\" \"Weir\""
cat <<'H'
.SH NAME
weir\-host \- metrics of this machine for Prometheus, with node_exporter's names and flags
.SH SYNOPSIS
.B weir\-host
.RI [ FLAG ...]
.SH DESCRIPTION
Answers scrapes of Prometheus on port 9100 with what the kernel knows of this machine.
Flags of the service are in
.I /etc/default/weir\-host
as ARGS="...".
.SH FLAGS
.nf
H
"$1" --help | sed '1,/^Usage:/d' | sed "$escape"
cat <<'H'
.fi
.SH EXIT STATUS
0: success. 1: failure; the reason is on standard error. 2: wrong usage.
.SH SEE ALSO
.BR weir (1)
H
