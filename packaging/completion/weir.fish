# fish completion for weir(1)
function __weir_complete
    set -l words (commandline -opc) (commandline -ct)
    weir complete -- $words[2..-1] 2>/dev/null
end
# Files only where weir has no words.
complete -c weir -f -n 'count (__weir_complete) >/dev/null' -a '(__weir_complete)'
