/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <stddef.h>

/* A sensor whose value is of this moment is unavailable while the PC is off. The minutes of today
 * are as true then as before: they have no availability, and the retained state keeps them. */
static const struct component {
    const char *key;
    const char *platform;
    const char *name;
    const char *value_template;
    bool is_of_the_moment;
    const char *more; /* the rest of the mapping */
} components[] = {
    {"playing", "binary_sensor", "Playing", "{{ iif(value_json.is_playing, 'ON', 'OFF', 'None') }}",
     true, "\"icon\":\"mdi:gamepad-variant\""},
    {"activity", "sensor", "Activity", "{{ value_json.activity }}", true,
     "\"icon\":\"mdi:controller\""},
    {"minutes_used", "sensor", "Played today", "{{ value_json.minutes_used }}", false,
     "\"device_class\":\"duration\",\"unit_of_measurement\":\"min\","
     "\"state_class\":\"total_increasing\",\"suggested_display_precision\":0"},
    {"minutes_overdraft", "sensor", "Overdraft today", "{{ value_json.minutes_overdraft }}", false,
     "\"device_class\":\"duration\",\"unit_of_measurement\":\"min\","
     "\"state_class\":\"total_increasing\",\"suggested_display_precision\":0"},
    {"minutes_left", "sensor", "Left today", "{{ value_json.minutes_left }}", false,
     "\"device_class\":\"duration\",\"unit_of_measurement\":\"min\","
     "\"state_class\":\"measurement\",\"suggested_display_precision\":0"},
};

static void add_member(struct text *text, const char *key, const char *value)
{
    text_add_string(text, key);
    text_add(text, ":");
    text_add_string(text, value);
    text_add(text, ",");
}

static void add_unique_id(struct text *text, const char *id, const char *key)
{
    text_add(text, "\"unique_id\":\"clockblock_"); /* both are plain: nothing to escape */
    text_add(text, id);
    text_add(text, "_");
    text_add(text, key);
    text_add(text, "\",");
}

static void add_component(struct text *text, const struct component *component,
                          const struct topics *topics)
{
    text_add_string(text, component->key);
    text_add(text, ":{");
    add_member(text, "p", component->platform);
    add_member(text, "name", component->name);
    add_unique_id(text, topics->id, component->key);
    add_member(text, "value_template", component->value_template);
    if (component->is_of_the_moment)
        add_member(text, "availability_topic", topics->availability);
    text_add(text, component->more);
    text_add(text, "}");
}

static void add_device(struct text *text, const struct topics *topics, const char *version)
{
    text_add(text, "\"dev\":{\"ids\":[\"clockblock_");
    text_add(text, topics->id);
    text_add(text, "\"],");
    add_member(text, "name", topics->device_id);
    add_member(text, "sw", version);
    text_add(text, "\"mf\":\"ClockBlock\",\"mdl\":\"Gaming PC\"},");
}

void discovery_write(struct text *text, const struct topics *topics, const char *version)
{
    text_add(text, "{");
    add_device(text, topics, version);
    text_add(text, "\"o\":{");
    add_member(text, "sw", version);
    text_add(text, "\"name\":\"ClockBlock\"},\"cmps\":{");
    for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++) {
        if (i > 0)
            text_add(text, ",");
        add_component(text, &components[i], topics);
    }
    text_add(text, "},");
    add_member(text, "state_topic", topics->state);
    text_add(text, "\"qos\":1}");
}
