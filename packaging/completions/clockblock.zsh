#compdef clockblock
# SPDX-License-Identifier: MIT
# Completion of clockblock for zsh.

# The program, and the configuration that the line names.
_clockblock_ask() {
  local i
  local -a program=($clockblock_line[1])
  for ((i = 2; i <= $#clockblock_line; i++)); do
    case $clockblock_line[i] in
      --config=*) program+=($clockblock_line[i]) ;;
      --config) program+=(--config=$clockblock_line[i+1]) ;;
    esac
  done
  $program $@ 2>/dev/null
}

# Names of detectors or sinks, as the running agent has them.
_clockblock_running() {
  local -a names=(${(f)"$(_clockblock_ask status |
    awk -v wanted=$1 '/^[^ ]/ { part = $1; $1 = "" } part == wanted { sub(/:.*/, ""); print $1 }')"})
  compadd -a names
}
_clockblock_detectors() { _clockblock_running detectors }
_clockblock_sinks() { _clockblock_running sinks }

_clockblock_plugins() {
  local -a names=(${(f)"$(_clockblock_ask plugins list | awk '{ print $1 }')"})
  compadd -a names
}
_clockblock_plugins_or_files() { _clockblock_plugins; _files }
_clockblock_whoever() { _clockblock_detectors; _clockblock_sinks; _clockblock_plugins }

_clockblock_commands() {
  local -a commands=(
    'run:run the agent until it is stopped'
    'once:take one heartbeat, store it, and send what waits'
    'detect:what each detector sees, and why that counts as playing or not'
    'status:ask the running agent what it sees, and how it fares'
    'report:the last days'
    'doctor:say what is wrong, and what to do'
    'check:check the configuration'
    'plugins:what is installed'
    'sinks:how each sink fares'
    'quarantine:heartbeats that a sink refused'
    'grant:give bonus minutes'
    'grants:the bonus minutes that were given'
    'backup:copy the database into a new file'
    'verify:add up the stored heartbeats, and compare'
  )
  _describe command commands
}

_clockblock_plugins_command() {
  local -a words_of_it=(
    'list:the plugins that are installed'
    'describe:what one of them does, and its settings'
    'check:does this plugin keep the contract?'
    'release:let one run again that ended the agent too often'
  )
  _describe word words_of_it
}

_clockblock_quarantine_command() {
  local -a words_of_it=('list:what was set aside' 'replay:send it once more' 'delete:forget it')
  _describe word words_of_it
}

# The options of a command, and what stands behind it.
_clockblock_arguments() {
  local json='--json[answer in JSON]'
  case $1 in
    once) _arguments $common '--dry-run[neither store nor send]' $detector ;;
    detect) _arguments $common '--watch[again and again]' $json '1:detector:_clockblock_detectors' ;;
    status|doctor|grants) _arguments $common $json ;;
    report)
      _arguments $common '--days=[so many days up to today]:number:' '--csv[answer in CSV]' $json ;;
    sinks) _arguments $common $json '1:sink:_clockblock_sinks' ;;
    grant)
      _arguments $common '--date=[for this day]:date:' '--note=[why]:text:' $json '1:minutes:' ;;
    backup) _arguments $common '1:file:_files' ;;
    verify) _arguments $common '--repair[mend what it finds]' $json ;;
    plugins|quarantine) _clockblock_second $1 ;;
    plugins-list) _arguments $common $json ;;
    plugins-describe) _arguments $common $json '1:plugin:_clockblock_plugins_or_files' ;;
    plugins-check)
      _arguments $common '--only=[run this check alone]:check:' '--seed=[repeat what was random]:number:' \
        $json '1:file:_files' ;;
    plugins-release) _arguments $common '1:name:_clockblock_whoever' ;;
    quarantine-list) _arguments $common $json '1:sink:_clockblock_sinks' ;;
    quarantine-replay) _arguments $common $json '1:sink:_clockblock_sinks' '2:seq:' ;;
    quarantine-delete) _arguments $common $json '1:sink:_clockblock_sinks' '2:seq:(all)' ;;
    *) _arguments $common ;;
  esac
}

# A command of two words.
_clockblock_second() {
  local curcontext=$curcontext state line
  _arguments -C $common '--json[answer in JSON]' "(-)1: :_clockblock_$1_command" '(-)*:: :->rest' && return
  [[ $state == rest ]] && _clockblock_arguments $1-$words[1]
}

_clockblock() {
  local curcontext=$curcontext state line
  local detector='--detector=[what this detector sees]:detector:_clockblock_detectors'
  local -a clockblock_line=($words) common=(
    '--config=[read this file]:file:_files'
    '*--set=[change a setting]:path=value:'
    '--version[print the version]'
    '--help[print a summary]'
  )
  _arguments -C $common '--once[the same as the command once]' '--dry-run[neither store nor send]' $detector \
    '(-)1: :_clockblock_commands' '(-)*:: :->rest' && return
  [[ $state == rest ]] && _clockblock_arguments $words[1]
}

_clockblock "$@"
