// SPDX-License-Identifier: MIT
// What the parts of the page have in common: finding, making and filling elements. Texts of the agent
// only ever become text nodes.

export const find = (id) => document.getElementById(id);

// Writes only what changed: a screen reader would read the same again.
export function say(id, text) {
  const element = typeof id === "string" ? find(id) : id;
  if (element.textContent !== text) element.textContent = text;
}

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== null) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// Puts these in the place of what is there, unless it is the same: selected text stays selected.
export function fill(element, ...children) {
  const made = make(element.localName, {}, ...children);
  if (made.innerHTML !== element.innerHTML) element.replaceChildren(...made.childNodes);
}

// A table of rows; each cell is a text or an element, the first one of a row is its heading.
export function fillTable(table, caption, heads, rows, empty) {
  const parts = [make("caption", { class: "unseen" }, caption)];
  if (rows.length > 0) parts.push(make("thead", {}, make("tr", {}, ...heads.map((head) =>
    make("th", { scope: "col", class: head.number ? "number" : undefined }, head.name ?? head)))));
  const cell = (value, at) => {
    const label = heads[at].name ?? heads[at];
    const attributes = { class: heads[at].number ? "number" : undefined, "data-label": label };
    return at === 0 ? make("th", { ...attributes, scope: "row" }, value) : make("td", attributes, value);
  };
  const body = make("tbody", {}, ...rows.map((row) => make("tr", row.attributes ?? {}, ...(row.cells ?? row).map(cell))));
  if (rows.length === 0) body.append(make("tr", {}, make("td", { class: "empty", colspan: heads.length }, empty)));
  parts.push(body);
  fill(table, ...parts);
}

// A bar whose length is a share of the whole, from 0 to 1. The style sheet draws it.
export function bar(share, hue) {
  const filled = make("span", { class: `filled ${hue}` });
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, filled);
}

// A colour for each activity, the same everywhere on the page: in order of their first appearance.
const colours = new Map();
export function colourOf(activity) {
  if (!colours.has(activity)) colours.set(activity, colours.size % 6);
  return `hue-${colours.get(activity)}`;
}

export const nameOf = (activity) => activity ?? "Without a name";
