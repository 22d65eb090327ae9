// SPDX-License-Identifier: MIT
// How the agent's parts fare: sinks, detectors, the store.
import { fill, fillTable, find, make, say } from "./dom.js";
import { bytes, dateTime, number, seconds } from "./format.js";

// A state as a word and a colour; the word alone says it too.
const GOOD = ["ok"];
const SOFT = ["starting", "unavailable", "retrying", "stopped"];

function stateOf(state) {
  const mood = GOOD.includes(state) ? "good" : SOFT.includes(state) ? "soft" : "bad";
  return make("span", { class: "state", "data-mood": mood }, state);
}

const titled = (name, plugin) => make("span", { class: "titled" }, name,
  plugin === name ? null : make("span", { class: "muted" }, plugin));

function waits(sink) {
  if (sink.pending === null) return "unknown";
  if (sink.pending === 0) return "none";
  return `${number(sink.pending)}${sink.oldest_pending_sec === null ? "" : `, oldest ${seconds(sink.oldest_pending_sec)}`}`;
}

function troubles(sink) {
  const list = [sink.last_error];
  if (sink.quarantined > 0) list.push(`${number(sink.quarantined)} in quarantine`);
  if (sink.gaps > 0) list.push(`${number(sink.gaps)} gaps`);
  if (sink.next_attempt_in_sec > 0 && sink.last_error) list.push(`next attempt in ${seconds(sink.next_attempt_in_sec)}`);
  return list.filter(Boolean).join("; ") || "none";
}

export function showSinks(sinks) {
  const pending = sinks.reduce((sum, sink) => sum + (sink.pending ?? 0), 0);
  say("pending", sinks.length === 0 ? "" : pending === 0 ? "Everything is delivered" : `${number(pending)} heartbeats wait`);
  const rows = sinks.map((sink) => ({
    attributes: { "data-name": sink.name },
    cells: [titled(sink.name, sink.plugin), stateOf(sink.state), waits(sink),
      sink.last_success ? dateTime(sink.last_success) : "never", troubles(sink)],
  }));
  fillTable(find("sinks"), "Where heartbeats go", ["Sink", "State", "Waiting", "Last success", "Last error"], rows,
    "No sink is enabled: the account stays on this machine. See sinks in the configuration.");
}

export function showDetectors(detectors) {
  const rows = detectors.map((detector) => ({
    attributes: { "data-name": detector.name },
    cells: [titled(detector.name, detector.plugin), stateOf(detector.state),
      detector.active ? (detector.activity ?? "active") : "nothing",
      detector.seconds_since_poll === null ? "never" : `${seconds(detector.seconds_since_poll)} ago`, detector.reason ?? "none"],
  }));
  fillTable(find("detectors"), "What notices play", ["Detector", "State", "Sees", "Last look", "Last error"], rows,
    "No detector is enabled, so nothing can be noticed. See detectors in the configuration.");
}

export function showFoot(status, zone) {
  const { store } = status;
  const facts = [`ClockBlock ${status.version}`, `up ${seconds(status.uptime_sec)}`, `a heartbeat every ${seconds(status.poll_interval_sec)}`,
    `${number(store.rows)} heartbeats, ${bytes(store.bytes)}`, `times in ${zone}`];
  fill(find("foot"), ...facts.map((fact) => make("span", {}, fact)));
}
