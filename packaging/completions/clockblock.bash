# SPDX-License-Identifier: MIT
# Completion of clockblock for bash.

# The options that go with a command.
_clockblock_options() {
  case $1 in
    "") echo --once --dry-run --detector ;;
    once) echo --dry-run --detector ;;
    detect) echo --watch --json ;;
    report) echo --days --csv --json ;;
    "plugins check") echo --only --seed --json ;;
    grant) echo --date --note --json ;;
    verify) echo --repair --json ;;
    status | doctor | sinks | grants | plugins | "plugins list" | "plugins describe" | quarantine*) echo --json ;;
  esac
  echo --config --set --version --help
}

# Names of detectors or sinks, as the running agent has them.
_clockblock_running() {
  "${program[@]}" status 2>/dev/null |
    awk -v wanted="$1" '/^[^ ]/ { part = $1; $1 = "" } part == wanted { sub(/:.*/, ""); print $1 }'
}

_clockblock_plugins() {
  "${program[@]}" plugins list 2>/dev/null | awk '{ print $1 }'
}

# What may stand behind the words in $1.
_clockblock_words() {
  case $1 in
    "") echo run once detect status doctor report check plugins sinks quarantine grant grants backup verify ;;
    plugins) echo list describe check release ;;
    quarantine) echo list replay delete ;;
    detect) _clockblock_running detectors ;;
    sinks | "quarantine list" | "quarantine replay" | "quarantine delete") _clockblock_running sinks ;;
    "quarantine delete "*[!\ ]) [[ $1 == *" "*" "*" "* ]] || echo all ;;
    "plugins describe") _clockblock_plugins ;;
    "plugins release")
      _clockblock_running detectors
      _clockblock_running sinks
      _clockblock_plugins
      ;;
  esac
}

# Reads the words before the one that is completed: into `behind`, what is no option and no value of one,
# and into `program`, how to ask about the same configuration. Bash gives "--config=FILE" as three words.
_clockblock_read() {
  local i word
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --config | --set | --detector | --date | --note | --only | --seed | --days)
        [[ ${COMP_WORDS[i + 1]} != = ]] || i=$((i + 1))
        i=$((i + 1))
        [[ $word != --config || $i -ge $COMP_CWORD ]] || program+=(--config "${COMP_WORDS[i]}")
        ;;
      -*) ;;
      *) behind="${behind:+$behind }$word" ;;
    esac
  done
}

_clockblock() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} behind="" list="" files=""
  local program=("$1")
  COMPREPLY=()
  if [[ $current == = ]]; then
    current=""
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _clockblock_read
  case $previous in
    --config) compopt -o default ;;
    --detector) list=$(_clockblock_running detectors) ;;
    --set | --date | --note | --only | --seed | --days) ;;
    *)
      if [[ $current == -* ]]; then
        list=$(_clockblock_options "$behind")
      else
        case $behind in
          "plugins check" | "plugins describe" | backup) compopt -o filenames && files=yes ;;
        esac
        list=$(_clockblock_words "$behind")
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$list" -- "$current"
    [[ -z $files ]] || compgen -f -- "$current")
}

complete -F _clockblock clockblock
