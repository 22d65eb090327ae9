// SPDX-License-Identifier: MIT
// What was played: minutes per activity, and the sessions of a day.
import { bar, colourOf, fillTable, find, make, nameOf } from "./dom.js";
import { minutes, time, timeRange } from "./format.js";

const MOST = 8; // more are one line: a long list tells less

function named(activity) {
  return make("span", { class: "named" }, make("span", { class: `dot ${colourOf(activity)}` }), nameOf(activity));
}

export function showActivities(activities) {
  const rest = activities.slice(MOST).reduce((sum, each) => sum + each.minutes_used, 0);
  const most = Math.max(1, ...activities.map((each) => each.minutes_used), rest);
  const row = (name, hue, value) => ({ cells: [name, bar(value / most, hue), minutes(value)], attributes: { "data-minutes": value } });
  const rows = activities.slice(0, MOST).map((each) => row(named(each.activity), colourOf(each.activity), each.minutes_used));
  if (rest > 0) rows.push(row(`${activities.length - MOST} others`, "", rest));
  const heads = ["Activity", { name: "Share" }, { name: "Played", number: true }];
  fillTable(find("activities"), "Minutes per activity", heads, rows, "Nothing was played.");
}

// What of it was played on the day: its minutes lie evenly in it. Of its overdraft nobody knows where it lies.
function playedOn(day, session) {
  const start = Date.parse(session.start);
  const end = Date.parse(session.end);
  const within = Math.min(end, Date.parse(day.end)) - Math.max(start, Date.parse(day.start));
  const over = session.minutes_overdraft > 0 ? `${minutes(session.minutes_overdraft)} over` : null;
  const red = (text) => over && make("span", { class: "over" }, text);
  if (within >= end - start) return make("span", {}, minutes(session.minutes_used), red(over));
  const share = (session.minutes_used * within) / (end - start);
  return make("span", {}, minutes(share), make("span", { class: "muted" }, ` of ${minutes(session.minutes_used)}`),
    red(`${over} in all`));
}

// Those of a day. The newest one goes on if it is what is played, and was since that began: one that is
// not on disk yet is not there.
export function showSessions(day, sessions, status) {
  const ongoing = (session) => status.is_playing === true && session === sessions.at(-1) &&
    session.activity === status.activity && session.end >= status.since;
  const range = (session) => (ongoing(session) ? `since ${time(session.start)}`
    : timeRange(Date.parse(session.start), Date.parse(session.end)));
  const rows = [...sessions].reverse().map((session) => ({
    attributes: { "data-start": session.start },
    cells: [range(session), named(session.activity), playedOn(day, session)],
  }));
  const heads = ["Time", "Activity", { name: "Played", number: true }];
  fillTable(find("sessions"), "Sessions of the day", heads, rows, "Nothing was played on this day.");
}
