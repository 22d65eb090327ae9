// SPDX-License-Identifier: MIT
// When in the week is played: a table of weekdays and hours, shaded by minutes.
import { fill, find, make, say } from "./dom.js";
import { hourLabel, hourOfWeek, minutes, spelled, weekdayName } from "./format.js";

const QUARTER_MS = 900000; // clocks of all zones change on the quarter hour
const LEVELS = 5;

// Minutes of each hour of the week. The minutes of a session lie evenly in it.
export function sumHours(sessions) {
  const week = Array.from({ length: 7 }, () => new Array(24).fill(0));
  for (const session of sessions) {
    const start = Date.parse(session.start);
    const end = Date.parse(session.end);
    for (let at = start; at < end;) {
      const until = Math.min(end, (Math.floor(at / QUARTER_MS) + 1) * QUARTER_MS);
      const { weekday, hour } = hourOfWeek(at);
      week[weekday][hour] += (session.minutes_used * (until - at)) / (end - start);
      at = until;
    }
  }
  return week;
}

// The weekday that a week begins with, where the browser knows.
function firstWeekday() {
  const locale = new Intl.Locale(navigator.language);
  const info = locale.getWeekInfo?.() ?? locale.weekInfo;
  return ((info?.firstDay ?? 1) + 6) % 7;
}

function cell(value, most, weekday, hour) {
  const level = value > 0 ? Math.max(1, Math.ceil((value / most) * LEVELS)) : 0;
  const text = value > 0 ? spelled(value) : "none";
  const title = `${weekdayName(weekday, "long")}, ${hourLabel(hour)}: ${text}`;
  return make("td", { "data-level": level, "data-minutes": Math.round(value * 1000) / 1000, title },
    make("span", { class: "unseen" }, text));
}

function head() {
  const hour = (at) => make("th", { scope: "col", class: at % 6 === 0 ? "named" : undefined },
    make("span", { class: at % 6 === 0 ? undefined : "unseen" }, hourLabel(at)));
  return make("thead", {}, make("tr", {}, make("td", {}), ...Array.from({ length: 24 }, (_, at) => hour(at))));
}

export function showHours(sessions) {
  const week = sumHours(sessions);
  const most = Math.max(...week.flat());
  const first = firstWeekday();
  const rows = week.map((_, at) => {
    const weekday = (first + at) % 7;
    return make("tr", { "data-weekday": weekday }, make("th", { scope: "row" }, weekdayName(weekday, "short")),
      ...week[weekday].map((value, hour) => cell(value, most, weekday, hour)));
  });
  fill(find("hours"), make("caption", { class: "unseen" }, "Minutes played by weekday and hour"), head(),
    make("tbody", {}, ...rows));
  showLegend(week, most);
}

function showLegend(week, most) {
  if (most === 0) {
    say("hours-legend", "Nothing was played in these weeks.");
    return;
  }
  const sums = week.map((day) => day.reduce((sum, value) => sum + value, 0));
  const busiest = sums.indexOf(Math.max(...sums));
  const scale = Array.from({ length: LEVELS + 1 }, (_, level) => make("span", { class: "swatch", "data-level": level }));
  fill(find("hours-legend"), make("span", {}, `Mostly on ${weekdayName(busiest, "long")}`),
    make("span", { class: "scale" }, "0", ...scale, minutes(most)));
}
