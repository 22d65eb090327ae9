// SPDX-License-Identifier: MIT
// The agent, as the page talks to it: requests with the token, and the stream of what happens.

const TOKEN_KEY = "clockblock-token";
let token = sessionStorage.getItem(TOKEN_KEY);

export class NeedsToken extends Error {}
export class Gone extends Error {}
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// A header carries no other signs, and fetch() throws at some of them.
export const canBeToken = (text) => /^[ -~]+$/.test(text);

// Kept for the tab only when the agent has accepted it.
export function setToken(text) {
  token = text;
  sessionStorage.removeItem(TOKEN_KEY);
}

export const hasToken = () => token !== null;

const headers = () => (token === null ? {} : { Authorization: `Bearer ${token}` });

async function check(response) {
  if (response.status === 401) throw new NeedsToken();
  if (response.ok) {
    if (token !== null) sessionStorage.setItem(TOKEN_KEY, token);
    return response;
  }
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? response.statusText);
}

// The answer's JSON. An agent that hangs is as good as one that is gone.
export async function get(path) {
  const signal = AbortSignal.timeout(10000);
  const gone = () => {
    throw new Gone();
  };
  const sent = token;
  const response = await fetch(path, { headers: headers(), signal }).catch(gone);
  if (token !== sent) return get(path); // entered meanwhile: the answer is to the one before
  return (await check(response)).json().catch(gone);
}

// A range of days may hold too much for one answer: then it is asked for in halves.
export async function getSessions(from, to) {
  try {
    return await get(`/sessions?from=${from}&to=${to}`);
  } catch (problem) {
    if (!(problem instanceof Refused) || problem.status !== 400 || from === to) throw problem;
    const first = Date.parse(from);
    const middle = new Date(first + Math.floor((Date.parse(to) - first) / 172800000) * 86400000);
    const after = new Date(middle.getTime() + 86400000);
    const text = (date) => date.toISOString().slice(0, 10);
    return [...(await getSessions(from, text(middle))), ...(await getSessions(text(after), to))];
  }
}

async function* lines(body) {
  let rest = "";
  for await (const piece of readable(body)) {
    const parts = (rest + piece).split(/\r\n|\n|\r/);
    rest = parts.pop();
    yield* parts;
  }
}

async function* readable(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}

// Calls onOpen() when the stream of events is there, and onEvent() for each; returns when it ends.
// EventSource would do this too, but sends no token. Throws when there is no stream to be had.
export async function follow(signal, onOpen, onEvent) {
  const response = await check(await fetch("/events", { headers: { ...headers(), Accept: "text/event-stream" }, signal }));
  onOpen();
  let pending = false;
  for await (const line of lines(response.body)) {
    if (line === "" && pending) onEvent();
    pending = line === "" ? false : pending || line.startsWith("data:");
  }
}
