#!/bin/sh
# A manual page from what a program says of itself: manual_page.sh PROGRAM NAME DESCRIPTION > page
# Commands, as far as --help lists any, get a section each. Needs help2man.
set -eu
program=$1 name=$2 description=$3

# The names below "Subcommands:" of the help of a command; nothing where it has none.
commands_of() {
  "$program" "$@" --help | sed -n '/^Subcommands:$/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# Each line of an example stays a line.
keep_lines() { sed 's/^\.IP$/.IP\n.nf/' | awk '
  /^\.nf$/ { inside = 1 }
  /^\.S[HS]/ && inside { print ".fi"; inside = 0 }
  { print }
  END { if (inside) print ".fi" }'; }

one() {
  printf '.SS "%s"\n' "$name $*"
  # help2man hands the words to a shell.
  help2man --no-info --version-string=- "$program $*" | keep_lines |
    sed -n '/^\.SH DESCRIPTION$/,$p' |
    sed 's/^\.SH OPTIONS$/.PP\n\\fIOptions\\fR/; s/^\.SH EXAMPLES$/.PP\n\\fIExamples\\fR/
         s/^\.SS "Positionals:"$/.PP\n\\fIArguments\\fR/; /^\.SH DESCRIPTION$/d; /^$/d'
}

include=$(mktemp)
trap 'rm -f "$include"' EXIT
if [ -n "$(commands_of)" ]; then
  echo '[COMMANDS]' >"$include"
  for command in $(commands_of); do
    inner=$(commands_of "$command")
    if [ -z "$inner" ]; then
      one "$command" >>"$include"
    else
      for word in $inner; do one "$command" "$word" >>"$include"; done
    fi
  done
fi
{
  echo '[SEE ALSO]'
  if [ "$name" = decentd ]; then echo '.BR decentctl (1)'; else echo '.BR decentd (1)'; fi
  echo '.PP'
  echo 'A service for systemd, alert rules and more: /usr/share/doc/decentd/OPERATIONS.md'
} >>"$include"
help2man --no-info --name="$description" --include="$include" "$program" | keep_lines
