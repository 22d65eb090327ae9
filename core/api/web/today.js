// SPDX-License-Identifier: MIT
// Today: the number that matters, what is played, and the day as a strip.
import { colourOf, fill, find, make, nameOf, say } from "./dom.js";
import { DAY_MS, HOUR_MS, dateTime, longDay, minutes, spelled, time, timeRange } from "./format.js";

// The one number, and what it is.
function headline(today) {
  if (!today) return { big: "No heartbeat yet", sub: "The first one comes within seconds.", state: "open" };
  if (today.minutes_left === null) return { big: spelled(today.minutes_used), sub: "played, and no limit today", state: "open" };
  if (today.minutes_left > 0) return { big: spelled(today.minutes_left), sub: "left", state: today.minutes_left <= 15 ? "near" : "left" };
  if (today.minutes_overdraft > 0) return { big: spelled(today.minutes_overdraft), sub: "over the allowance", state: "over" };
  return { big: spelled(0), sub: "left", state: "near" };
}

// Without a limit the one number says it all.
function facts(today) {
  if (today.minutes_left === null) return [];
  const list = [["Used", minutes(today.minutes_used), "used"], ["Allowance", minutes(today.minutes_allowance), "allowance"]];
  if (today.minutes_granted !== 0)
    list.push(["Granted", (today.minutes_granted > 0 ? "+" : "") + minutes(today.minutes_granted), "granted"]);
  list.push(["Left", minutes(today.minutes_left), "left"], ["Overdraft", minutes(today.minutes_overdraft), "overdraft"]);
  return list;
}

function showMeter(today, line) {
  const meter = find("meter");
  meter.hidden = !today || today.minutes_left === null;
  if (meter.hidden) return;
  const granted = Math.max(0, today.minutes_allowance + today.minutes_granted);
  const whole = Math.max(granted, today.minutes_used, 1);
  const within = Math.max(0, today.minutes_used - today.minutes_overdraft);
  find("meter-used").style.width = `${(within / whole) * 100}%`;
  find("meter-over").style.width = `${(today.minutes_overdraft / whole) * 100}%`;
  meter.setAttribute("aria-valuemax", String(Math.round(whole)));
  meter.setAttribute("aria-valuenow", String(Math.floor(today.minutes_used)));
  meter.setAttribute("aria-valuetext", `${spelled(today.minutes_used)} of ${spelled(granted)} used, ${line}`);
}

function showPlaying(status) {
  const playing = find("playing");
  playing.dataset.playing = String(status.is_playing === true);
  const since = status.since ? sinceText(status.since) : "";
  if (status.is_playing) say(playing, `Playing ${nameOf(status.activity)}${since}`);
  else say(playing, status.is_playing === null ? "Nothing is known yet" : `Not playing${since}`);
  say("why", status.why ?? "");
}

function sinceText(since) {
  return ` since ${Date.now() - Date.parse(since) < DAY_MS / 2 ? time(since) : dateTime(since)}`;
}

// Whole minutes left that are worth a word, when they are reached.
const MARKS = [0, 5, 15, 30];
let spoken;

function speak(status, line, state) {
  const left = status.today?.minutes_left ?? Infinity;
  const mark = state === "over" ? state : MARKS.find((each) => Math.floor(left) <= each);
  const now = JSON.stringify([status.is_playing, status.activity, status.today?.date, mark]);
  if (now !== spoken) say("today-live", `${find("playing").textContent}. ${line}.`);
  spoken = now;
}

export function showToday(status) {
  const { today } = status;
  const { big, sub, state } = headline(today);
  const line = `${big} ${sub}`;
  document.querySelector(".today").dataset.state = state;
  say("today-date", today ? longDay(today.date) : "");
  say("today-big", big);
  say("today-sub", sub);
  showPlaying(status);
  showMeter(today, line);
  fill(find("today-facts"), ...(today ? facts(today) : []).map(([name, value, key]) =>
    make("div", { "data-fact": key }, make("dt", {}, name), make("dd", {}, value))));
  speak(status, line, state);
  document.title = today ? `${line} · ClockBlock` : "ClockBlock";
}

// ---- The strip ----

const SVG = "http://www.w3.org/2000/svg";
function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function hourMarks(start, end) {
  const marks = [];
  for (let at = start; at <= end; at += 3 * HOUR_MS) {
    const share = (at - start) / (end - start);
    const mark = make("span", { class: "mark" }, time(at));
    mark.style.left = `${share * 100}%`;
    if (share < 0.99) marks.push(mark);
  }
  return marks;
}

// `day` is one of /days, `sessions` are those of it.
export function showStrip(day, sessions) {
  const start = Date.parse(day.start);
  const end = Date.parse(day.end);
  const place = (at) => (Math.max(0, Math.min(1, (at - start) / (end - start))) * 1000).toFixed(2);
  const now = Date.now();
  const svg = shape("svg", { viewBox: "0 0 1000 28", preserveAspectRatio: "none", role: "img", focusable: "false" });
  svg.append(shape("title", {}, `The day as a line: ${sessions.length} sessions, listed under Sessions`));
  svg.append(shape("rect", { class: "ground", width: 1000, height: 28 }));
  for (const session of sessions) {
    const from = place(Date.parse(session.start));
    const width = Math.max(2, place(Date.parse(session.end)) - from);
    const title = shape("title", {}, `${nameOf(session.activity)}, ${timeRange(Date.parse(session.start), Date.parse(session.end))}`);
    svg.append(shape("rect", { class: `play ${colourOf(session.activity)}`, x: from, width, height: 28 }, title));
  }
  if (now >= start && now <= end) svg.append(shape("rect", { class: "now", x: place(now), width: 2, height: 28 }));
  const names = [...new Set(sessions.map((session) => session.activity))];
  const legend = names.map((name) => make("span", { class: "key" }, make("span", { class: `dot ${colourOf(name)}` }), nameOf(name)));
  fill(find("strip"), svg, make("div", { class: "marks", "aria-hidden": "true" }, ...hourMarks(start, end)),
    make("p", { class: "keys muted" }, ...legend));
}
