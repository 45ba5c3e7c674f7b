_joined_NAME() {
    local breaks= rest=${COMP_LINE:0:COMP_POINT} words=() last=-1 index word
    for ((index = 0; index <= COMP_CWORD; index++)); do
        if ((index == 0)) || [[ $rest == [[:space:]]* ]]; then
            words[++last]=
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        word=${COMP_WORDS[index]}
        # Of the word at the cursor, only what is before it.
        ((index < COMP_CWORD)) || word=$rest
        words[last]+=$word
        rest=${rest#"$word"}
    done
    local COMP_WORDS=("${words[@]}") COMP_CWORD=$last
    _clap_complete_NAME "$1" "${words[last]}" "$3"
    # And of a candidate, only what comes after what bash takes for earlier words.
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
    [[ $breaks ]] || return 0
    word=${words[last]}
    word=${word%"${word##*[$breaks]}"}
    COMPREPLY=("${COMPREPLY[@]#"$word"}")
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _joined_NAME BIN
else
    complete -o nospace -o bashdefault -F _joined_NAME BIN
fi
