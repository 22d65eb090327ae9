// SPDX-License-Identifier: MIT
// The dashboard: asks the agent, shows the answers, and follows what happens.
import { Gone, NeedsToken, Refused, canBeToken, follow, get, getSessions, hasToken, setToken } from "./agent.js";
import { showDays } from "./days.js";
import { find, say } from "./dom.js";
import { seconds, setZone, shiftDay, time } from "./format.js";
import { showHours } from "./hours.js";
import { showDetectors, showFoot, showSinks } from "./parts.js";
import { showActivities, showSessions } from "./played.js";
import { showStrip, showToday } from "./today.js";

const WEEKS_DAYS = 56;
const CHART_DAYS = 14;
const RETRY_MS = 2000; // an agent that is gone may be back soon
const QUIET_MS = 15000; // a stream that brings nothing for so long may hang
const STREAM_RETRY_MS = 60000; // others have all its streams: the page is polled

const page = {
  status: null, // the newest /status
  zone: "",
  date: null, // the household's today
  played: null, // what was played when the sessions were last asked for
  days: [], // of the heat map, oldest first
  sessions: new Map(), // of these days, by their start
  activities: "", // what they were asked for at
  picked: null, // a day of which sessions are shown; null: today
  timer: 0,
  isBusy: false,
  isAgain: false,
  stream: null, // its AbortController
  isLive: false,
  streamAt: 0, // when to try for one again
  lastSeen: null,
};

// ---- What changes rarely ----

async function loadWeeks(today) {
  const from = shiftDay(today, 1 - WEEKS_DAYS);
  const [days, sessions] = await Promise.all([get(`/days?from=${from}&to=${today}`), getSessions(from, today)]);
  page.days = days;
  page.sessions = new Map(sessions.map((session) => [session.start, session]));
  page.date = today;
}

// A session begins once, and grows.
async function loadToday(today) {
  for (const session of await getSessions(today, today)) page.sessions.set(session.start, session);
}

function sessionsOf(day) {
  return [...page.sessions.values()].filter((session) => session.end > day.start && session.start < day.end)
    .sort((one, other) => one.start.localeCompare(other.start));
}

async function showPicked() {
  const date = page.picked ?? page.date;
  const field = find("sessions-date");
  if (document.activeElement !== field) field.value = date;
  field.max = page.date;
  find("sessions-next").disabled = date >= page.date;
  const known = page.days.find((each) => each.date === date);
  const day = known ?? (await get(`/days?from=${date}&to=${date}`))[0];
  const sessions = known ? sessionsOf(day) : await getSessions(date, date);
  if (date === (page.picked ?? page.date)) showSessions(day, sessions, page.status);
}

async function loadActivities() {
  const days = Number(find("activities-days").value);
  showActivities(await get(`/activities?from=${shiftDay(page.date, 1 - days)}&to=${page.date}`));
}

async function showHistory({ today, activity, is_playing, store }) {
  const isNewDay = page.date !== today.date;
  // The rest is of the disk, which may know less than /status: it is asked for again until it does not.
  const disk = store.waiting > 0 ? store.durable_seq : "";
  const played = `${today.minutes_used} ${is_playing} ${disk}`;
  const isMore = page.played !== played;
  const at = `${today.date} ${activity} ${Math.ceil(today.minutes_used)} ${disk}`;
  if (isNewDay) await loadWeeks(today.date);
  else if (isMore) await loadToday(today.date);
  page.played = played;
  Object.assign(page.days.at(-1), today); // newer than what /days said
  showDays(page.days.slice(-CHART_DAYS));
  showStrip(page.days.at(-1), sessionsOf(page.days.at(-1)));
  if (isNewDay || isMore) {
    showHours([...page.sessions.values()]);
    await showPicked();
  }
  if (page.activities !== at) await loadActivities();
  page.activities = at;
}

function showStart(status) {
  const isFirst = page.sessions.size === 0 && status.is_playing !== true;
  find("start").hidden = !isFirst;
  find("history").hidden = isFirst;
  if (!isFirst) return;
  say("start-interval", seconds(status.poll_interval_sec));
  const hasFile = !status.config.startsWith("built-in");
  say("start-config", hasFile ? status.config : "~/.config/clockblock/clockblock.conf");
  find("start-copy").hidden = hasFile;
  const names = status.detectors.map((detector) => detector.name);
  say("start-detectors", names.length > 0 ? `Looking now: ${names.join(", ")}.` : "No detector is enabled: none can notice play.");
}

// ---- Each answer ----

async function show(status) {
  page.status = status;
  page.zone = setZone(status.timezone);
  say("device", status.device_id);
  find("ask").hidden = true;
  find("numbers").hidden = false;
  showToday(status);
  showSinks(status.sinks);
  showDetectors(status.detectors);
  showFoot(status, page.zone);
  if (!status.today) {
    find("history").hidden ||= page.date === null;
    return;
  }
  await showHistory(status);
  showStart(status);
}

function showLink(state, text) {
  document.body.dataset.link = state;
  find("link").dataset.state = state;
  say("link", text);
}

function showReachable(status) {
  page.lastSeen = Date.now();
  const isFailing = status.store.health !== "ok";
  const banner = find("banner");
  banner.hidden = !isFailing;
  say(banner, isFailing ? `Heartbeats are not being stored: ${status.store.problem ?? "unknown why"}` : "");
  if (page.isLive) showLink("live", "Live");
  else showLink("polling", `Every ${seconds(status.poll_interval_sec)}`);
}

function sentenceOf(problem) {
  if (problem instanceof Gone) return "The agent cannot be reached.";
  if (problem instanceof Refused) return `The agent refuses: ${problem.message}.`;
  console.error(problem);
  return "This page has a fault, which the console of the browser tells.";
}

function showGone(problem) {
  const since = page.lastSeen ? ` These are the numbers of ${time(page.lastSeen)}.` : "";
  const text = sentenceOf(problem);
  find("banner").hidden = false;
  say("banner", `${text}${since} This page tries again by itself.`);
  showLink("gone", "Not reachable");
}

function askForToken() {
  if (hasToken()) say("ask-wrong", "The agent does not accept this token.");
  setToken(null);
  stopStream();
  clearTimeout(page.timer);
  find("numbers").hidden = true;
  find("banner").hidden = true;
  showLink("waiting", "Locked");
  find("ask").hidden = false;
  find("token").focus();
}

// ---- Following ----

function stopStream() {
  page.stream?.abort();
  page.stream = null;
  page.isLive = false;
}

async function startStream() {
  if (page.stream || document.hidden || Date.now() < page.streamAt) return;
  const stream = new AbortController();
  page.stream = stream;
  const onOpen = () => {
    page.isLive = true;
    showLink("live", "Live");
  };
  try {
    await follow(stream.signal, onOpen, refresh);
  } catch {
    // It could not be had, or was cut: both are dealt with below.
  }
  if (page.stream !== stream) return; // it was ended here
  if (!page.isLive) page.streamAt = Date.now() + STREAM_RETRY_MS;
  stopStream();
  plan(RETRY_MS);
}

function plan(delay) {
  clearTimeout(page.timer);
  if (!document.hidden) page.timer = setTimeout(refresh, delay);
}

async function ask() {
  try {
    const status = await get("/status");
    showReachable(status);
    await show(status);
    const interval = status.poll_interval_sec * 1000;
    plan(page.isLive ? Math.max(3 * interval, QUIET_MS) : interval);
    void startStream();
  } catch (problem) {
    if (problem instanceof NeedsToken) {
      askForToken();
      return;
    }
    stopStream();
    page.streamAt = 0;
    page.played = null;
    showGone(problem);
    plan(RETRY_MS);
  }
}

// One at a time; what happens in between is asked for once more.
async function refresh() {
  page.isAgain = page.isBusy;
  if (page.isBusy) return;
  page.isBusy = true;
  await ask();
  page.isBusy = false;
  if (page.isAgain) void refresh();
}

// ---- What people do ----

find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = find("token").value.trim();
  find("token").value = "";
  say("ask-wrong", canBeToken(token) ? "" : "A token has only letters without accents, digits and signs.");
  if (!canBeToken(token)) return;
  setToken(token);
  void refresh();
});

// What is chosen fails by itself: the rest of the page is as good as before.
async function choose(show, wrong) {
  try {
    await show();
    say(wrong, "");
  } catch (problem) {
    if (problem instanceof NeedsToken) askForToken();
    else say(wrong, sentenceOf(problem));
  }
}

find("activities-days").addEventListener("change", () => choose(loadActivities, "activities-wrong"));

function pick(date) {
  page.picked = date >= page.date ? null : date;
  void choose(showPicked, "sessions-wrong");
}
// A year that is being typed passes through others, which are before the first day there is.
find("sessions-date").addEventListener("change", ({ target }) => {
  if (target.validity.valid) pick(target.value || page.date);
});
find("sessions-date").addEventListener("blur", ({ target }) => {
  target.value = page.picked ?? page.date;
});
find("sessions-back").addEventListener("click", () => pick(shiftDay(page.picked ?? page.date, -1)));
find("sessions-next").addEventListener("click", () => pick(shiftDay(page.picked ?? page.date, 1)));

// A page that nobody looks at asks for nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stopStream();
    clearTimeout(page.timer);
  } else {
    void refresh();
  }
});

void refresh();
