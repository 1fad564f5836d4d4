# bash completion for weir(1)
_weir() {
  local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(weir complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  # A list goes on after a comma.
  [[ $word == *,* ]] && compopt -o nospace
}
complete -o default -F _weir weir
