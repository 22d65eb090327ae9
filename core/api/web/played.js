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

// `ongoing`: the newest one has not ended.
export function showSessions(sessions, ongoing) {
  const range = (session) => (ongoing && session === sessions.at(-1) ? `since ${time(session.start)}`
    : timeRange(Date.parse(session.start), Date.parse(session.end)));
  const rows = [...sessions].reverse().map((session) => ({
    attributes: { "data-start": session.start },
    cells: [range(session), named(session.activity),
      make("span", {}, minutes(session.minutes_used),
        session.minutes_overdraft > 0 ? make("span", { class: "over" }, `${minutes(session.minutes_overdraft)} over`) : null)],
  }));
  const heads = ["Time", "Activity", { name: "Played", number: true }];
  fillTable(find("sessions"), "Sessions of the day", heads, rows, "Nothing was played on this day.");
}
