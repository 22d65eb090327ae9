# SPDX-License-Identifier: MIT
# Completion of clockblock for fish.

# The program, and the configuration that the line names.
function __clockblock_ask
    set -l line (commandline -opc)
    set -l program $line[1]
    for i in (seq 2 (count $line))
        if string match -q -- '--config=*' $line[$i]
            set -a program $line[$i]
        else if test $line[$i] = --config; and set -q line[(math $i + 1)]
            set -a program --config=$line[(math $i + 1)]
        end
    end
    command $program $argv 2>/dev/null
end

# Names of detectors or sinks, as the running agent has them.
function __clockblock_running
    __clockblock_ask status | awk -v wanted=$argv[1] \
        '/^[^ ]/ { part = $1; $1 = "" } part == wanted { sub(/:.*/, ""); print $1 }'
end

function __clockblock_plugins
    __clockblock_ask plugins list | awk '{ print $1 }'
end

# The words of the line so far that are neither options nor their values.
function __clockblock_words
    set -l is_value no
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
        else if contains -- $word --config --set --detector --date --note --only --seed --days
            set is_value yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Is the command this one, of one word or two? With --last nothing more may stand behind it.
function __clockblock_is
    set -l words (__clockblock_words)
    set -l wanted $argv
    if test "$argv[1]" = --last
        set wanted $argv[2..]
        test (count $words) -eq (count $wanted); or return 1
    end
    test (count $wanted) -eq 0; or test "$words[1..$(count $wanted)]" = "$wanted"
end

function __clockblock_is_any
    set -l words (__clockblock_words)
    contains -- "$words[1]" $argv
end

set -l first '__clockblock_is --last'
complete -c clockblock -f
complete -c clockblock -n $first -a run -d 'run the agent until it is stopped'
complete -c clockblock -n $first -a once -d 'take one heartbeat, store it, and send what waits'
complete -c clockblock -n $first -a detect -d 'what each detector sees, and why'
complete -c clockblock -n $first -a status -d 'what the running agent sees, and how it fares'
complete -c clockblock -n $first -a report -d 'the last days'
complete -c clockblock -n $first -a doctor -d 'say what is wrong, and what to do'
complete -c clockblock -n $first -a check -d 'check the configuration'
complete -c clockblock -n $first -a plugins -d 'what is installed'
complete -c clockblock -n $first -a sinks -d 'how each sink fares'
complete -c clockblock -n $first -a quarantine -d 'heartbeats that a sink refused'
complete -c clockblock -n $first -a grant -d 'give bonus minutes'
complete -c clockblock -n $first -a grants -d 'the bonus minutes that were given'
complete -c clockblock -n $first -a backup -d 'copy the database into a new file'
complete -c clockblock -n $first -a verify -d 'add up the stored heartbeats, and compare'

set -l second '__clockblock_is --last plugins'
complete -c clockblock -n $second -a list -d 'the plugins that are installed'
complete -c clockblock -n $second -a describe -d 'what one of them does, and its settings'
complete -c clockblock -n $second -a check -d 'does this plugin keep the contract?'
complete -c clockblock -n $second -a release -d 'let one run again that ended the agent too often'
set -l second '__clockblock_is --last quarantine'
complete -c clockblock -n $second -a list -d 'what was set aside'
complete -c clockblock -n $second -a replay -d 'send it once more'
complete -c clockblock -n $second -a delete -d 'forget it'

complete -c clockblock -n '__clockblock_is --last detect' -a '(__clockblock_running detectors)' -d detector
for words in sinks 'quarantine list' 'quarantine replay' 'quarantine delete'
    complete -c clockblock -n "__clockblock_is --last $words" -a '(__clockblock_running sinks)' -d sink
end
complete -c clockblock -n '__clockblock_is quarantine delete; and test (count (__clockblock_words)) -eq 3' -a all
complete -c clockblock -n '__clockblock_is --last plugins describe' -F -a '(__clockblock_plugins)' -d plugin
complete -c clockblock -n '__clockblock_is --last plugins release' -d name \
    -a '(__clockblock_running detectors; __clockblock_running sinks; __clockblock_plugins)'
complete -c clockblock -n '__clockblock_is --last plugins check' -F
complete -c clockblock -n '__clockblock_is --last backup' -F

complete -c clockblock -l config -r -F -d 'read this file'
complete -c clockblock -l set -x -d 'change a setting'
complete -c clockblock -l version -d 'print the version'
complete -c clockblock -l help -d 'print a summary'
complete -c clockblock -n $first -l once -d 'the same as the command once'
complete -c clockblock -n '__clockblock_is_any "" once' -l dry-run -d 'neither store nor send'
complete -c clockblock -n '__clockblock_is_any "" once' -l detector -x -a '(__clockblock_running detectors)' \
    -d 'what this detector sees'
complete -c clockblock -n '__clockblock_is detect' -l watch -d 'again and again'
complete -c clockblock -n '__clockblock_is report' -l days -x -d 'so many days up to today'
complete -c clockblock -n '__clockblock_is report' -l csv -d 'answer in CSV'
complete -c clockblock -n '__clockblock_is grant' -l date -x -d 'for this day'
complete -c clockblock -n '__clockblock_is grant' -l note -x -d why
complete -c clockblock -n '__clockblock_is plugins check' -l only -x -d 'run this check alone'
complete -c clockblock -n '__clockblock_is plugins check' -l seed -x -d 'repeat what was random'
complete -c clockblock -n '__clockblock_is verify' -l repair -d 'mend what it finds'
complete -c clockblock -l json -d 'answer in JSON' \
    -n '__clockblock_is_any detect status doctor report plugins sinks quarantine grant grants verify; and not __clockblock_is plugins release'
