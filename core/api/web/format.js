// SPDX-License-Identifier: MIT
// Numbers and times for people: in the language of the browser, in the zone of the household.

export const HOUR_MS = 3600000;
export const DAY_MS = 86400000;

let zone;
const formats = new Map();

// Names that the browser does not know, and no name at all, leave it with its own zone.
export function setZone(name) {
  const before = zone;
  zone = name ?? undefined;
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
  } catch {
    zone = undefined;
  }
  if (zone !== before) formats.clear();
  return zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

// Making a format is slow, using it is not.
function format(key, make) {
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}

function date(options) {
  return format(JSON.stringify(options), () => new Intl.DateTimeFormat(undefined, { timeZone: zone, ...options }));
}

// Dates such as 2026-01-16 are days of a calendar, whatever the zone.
function day(text, options) {
  return date({ timeZone: "UTC", ...options }).format(new Date(`${text}T12:00:00Z`));
}

export const number = (value) => format("number", () => new Intl.NumberFormat()).format(value);
export const time = (at) => date({ hour: "numeric", minute: "2-digit" }).format(new Date(at));
export const timeRange = (from, to) => date({ hour: "numeric", minute: "2-digit" }).formatRange(new Date(from), new Date(to));
export const dateTime = (at) => date({ dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
export const longDay = (text) => day(text, { weekday: "long", day: "numeric", month: "long" });
export const shortDay = (text) => day(text, { weekday: "short", day: "numeric", month: "short" });
export const weekdayOf = (text) => day(text, { weekday: "short" });
export const dayOf = (text) => day(text, { day: "numeric" });
export const hourLabel = (hour) => date({ timeZone: "UTC", hour: "numeric" }).format(new Date(Date.UTC(2024, 0, 1, hour)));

// The weekday (Monday is 0) and the hour of an instant, by the household's clocks.
export function hourOfWeek(at) {
  const parts = format("week", () => new Intl.DateTimeFormat("en-US", {
    timeZone: zone, weekday: "short", hour: "numeric", hourCycle: "h23",
  })).formatToParts(new Date(at));
  const part = (type) => parts.find((each) => each.type === type).value;
  return { weekday: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(part("weekday")), hour: Number(part("hour")) };
}

export const weekdayName = (weekday, width) => day(`2024-01-0${weekday + 1}`, { weekday: width });

export function shiftDay(text, days) {
  return new Date(Date.parse(`${text}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function unit(value, name, unitDisplay = "narrow") {
  return format(name + unitDisplay, () => new Intl.NumberFormat(undefined, { style: "unit", unit: name, unitDisplay })).format(value);
}

// Whole minutes that are over, as `clockblock report` counts them.
export function minutes(value, display) {
  if (value < 0) return `−${minutes(-value, display)}`;
  const whole = Math.floor(value + 1e-9);
  if (value > 0 && whole === 0) return `< ${unit(1, "minute", display)}`;
  if (whole < 60) return unit(whole, "minute", display);
  const rest = whole % 60;
  return unit(Math.floor(whole / 60), "hour", display) + (rest > 0 ? ` ${unit(rest, "minute", display)}` : "");
}

// The same where there is room for it, or where it is read out.
export const spelled = (value) => minutes(value, "short");

export function seconds(value) {
  if (value < 60) return unit(Math.floor(value), "second", "short");
  if (value < 86400) return spelled(value / 60);
  return unit(Math.floor(value / 86400), "day", "short");
}

export const hours = (value) => unit(value / 60, "hour");

export const bytes = (value) => (value < 1e6 ? unit(Math.ceil(value / 1e3), "kilobyte") : unit(Math.round(value / 1e5) / 10, "megabyte"));
