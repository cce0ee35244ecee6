# Sourced by interactive bashes of nodes: says in escape sequences, which terminals do not show, where a prompt begins, which command was
# typed, when it ran and how it ended. The marks are those of VS Code's shell integration (OSC 633):
#   A prompt begins   B its end   E;TEXT command   C it runs   D;STATUS it has ended   P;NAME=VALUE
# Scripts, `exec` and shells without a terminal print none. engine/terminals/shell-marks.ts reads them.

case $- in *i*) ;; *) return 0 ;; esac
if [ -n "${__hookpoint_none+set}" ] || [ ! -t 1 ] || [ ! -t 2 ] || [ "${TERM:-dumb}" = dumb ]; then return 0; fi

__hookpoint_none=
__hookpoint_ran=0
__hookpoint_last=
__hookpoint_b='\[\e]633;B\a\]'
# The arithmetic runs in this shell, not in a copy of it, and expands to nothing.
__hookpoint_c='$({ __hookpoint_run; } 2>/dev/null)${__hookpoint_none:$((__hookpoint_ran=1,0)):0}'

# Before every prompt; who sets PS1 or PS0 anew gets the marks again.
__hookpoint_prompt() {
  local status=$?
  if [ "$__hookpoint_ran" = 1 ]; then
    printf '\e]633;P;Time=%s\a\e]633;D;%s\a' "$EPOCHREALTIME" "$status"
    __hookpoint_ran=0
  fi
  printf '\e]633;A\a'
  if [[ ${PS1-} != *"$__hookpoint_b" ]]; then PS1=${PS1-}$__hookpoint_b; fi
  if [[ ${PS0-} != *"$__hookpoint_c"* ]] && shopt -q promptvars; then PS0=${PS0-}$__hookpoint_c; fi
  __hookpoint_last=$(HISTTIMEFORMAT='' builtin history 1)
}

# After a command was read, before it runs. What the history does not keep (a space before it, say) is not told either.
__hookpoint_run() {
  local line text=
  line=$(HISTTIMEFORMAT='' builtin history 1)
  if [ "$line" != "$__hookpoint_last" ] || { [[ ${HISTCONTROL-} == *dups* ]] && [[ ${HISTCONTROL-} != *ignorespace* ]] && [ -z "${HISTIGNORE-}" ]; }; then
    text=${line#*[0-9][* ] }
    text=${text:0:4096}
    text=${text//'\'/'\\'}
    text=${text//';'/'\x3b'}
    text=${text//$'\n'/'\x0a'}
    text=${text//$'\t'/'\x09'}
    text=${text//[[:cntrl:]]/'?'}
  fi
  printf '\e]633;P;Host=%s\a\e]633;E;%s\a\e]633;P;Time=%s\a\e]633;C\a' "$HOSTNAME" "$text" "$EPOCHREALTIME"
}

# Not the first element: `PROMPT_COMMAND=...` replaces that one. Without its stderr `set -x` does not show what is done here.
PROMPT_COMMAND[63]='{ __hookpoint_prompt; } 2>/dev/null'
