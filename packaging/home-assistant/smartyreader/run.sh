#!/bin/bash
# From Home Assistant's options to a configuration, anew at each start.
set -eu -o pipefail
umask 0077
data=${DATA:-/data}

option() { jq -r --arg name "$1" '.[$name] // ""' "$data/options.json"; }
# A JSON string is a string of TOML.
text() { jq -n --arg text "$1" '$text'; }

folder=$data/smartyreader
mkdir -p "$folder"
{
    printf '[source.cable]\nkind = "serial"\ndevice = %s\n' "$(text "$(option port)")"
    printf '[meter.home]\ntitle = %s\n' "$(text "$(option title)")"
    if [ -n "$(option key)" ]; then
        option key >"$folder/home.key"
        printf 'key-file = "home.key"\n'
    fi
    printf '[store]\npath = "smartyreader.db"\n'
    # Only Home Assistant's ingress reaches this port, and it asks who is there. It shows the page within its own.
    printf '[web]\nlisten = "0.0.0.0:8090"\nauth = "none"\nframe = "same-origin"\n'
    if [ "$(option publish)" = true ]; then
        mqtt=$(curl -sf -H "Authorization: Bearer $SUPERVISOR_TOKEN" http://supervisor/services/mqtt || echo '{}')
        broker() { jq -r ".data.$1 // \"\"" <<<"$mqtt"; }
        if [ -n "$(broker host)" ]; then
            scheme=mqtt
            [ "$(broker ssl)" != true ] || scheme=mqtts
            broker password >"$folder/broker.password"
            printf '[mqtt.house]\nbroker = %s\nuser = %s\npassword-file = "broker.password"\n' \
                "$(text "$scheme://$(broker host):$(broker port)")" "$(text "$(broker username)")"
        else
            echo "Home Assistant has no MQTT broker, so nothing is published: install the Mosquitto add-on, then start this one anew." >&2
        fi
    fi
} >"$folder/smartyreader.toml"
smartyreader check --config "$folder/smartyreader.toml"
exec smartyreader run --config "$folder/smartyreader.toml"
