// SPDX-License-Identifier: MIT
// The last days as bars, with the line of what was allowed; the same as a table.
import { fillTable, find, make, say } from "./dom.js";
import { dayOf, hours, minutes, shortDay, weekdayOf } from "./format.js";

let library; // a promise of Chart.js, or of nothing where it was built without
let chart;
let shown = [];

// It is large, and the numbers do not wait for it.
function loadLibrary() {
  library ??= new Promise((resolve) => {
    const script = make("script", { src: "/chart.js" });
    script.addEventListener("load", () => resolve(window.Chart));
    script.addEventListener("error", () => resolve(undefined));
    document.head.append(script);
  });
  return library;
}

const allowed = (day) => (day.minutes_allowance === null ? null : Math.max(0, day.minutes_allowance + day.minutes_granted));
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function datasets(days) {
  const bars = { type: "bar", stack: "day", maxBarThickness: 44, order: 2, pointStyle: "rectRounded" };
  return [
    { ...bars, label: days.every((day) => allowed(day) === null) ? "Played" : "Within the allowance", data: days.map((day) => day.minutes_used - day.minutes_overdraft),
      backgroundColor: colour("--accent"), borderRadius: 4 },
    { ...bars, label: "Overdraft", data: days.map((day) => day.minutes_overdraft), backgroundColor: colour("--over"),
      borderRadius: 4 },
    { type: "line", label: "Allowance", data: days.map(allowed), borderColor: colour("--text"), borderWidth: 1.5,
      borderDash: [5, 4], pointRadius: 0, pointHitRadius: 0, stepped: "middle", order: 1, pointStyle: "line" },
  ];
}

// Marks at whole hours, at most six of them.
function stepOf(days) {
  const most = Math.max(60, ...days.map((day) => Math.max(day.minutes_used, allowed(day) ?? 0)));
  return Math.ceil(most / 6 / 60) * 60;
}

function options(days) {
  const text = colour("--muted");
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { stacked: true, grid: { display: false }, border: { display: false }, ticks: { color: text, maxRotation: 0 } },
      y: { beginAtZero: true, grid: { color: colour("--line"), drawBorder: false }, border: { display: false },
        ticks: { color: text, stepSize: stepOf(days), callback: hours } },
    },
    plugins: {
      legend: { position: "bottom", align: "start", labels: { color: text, usePointStyle: true, boxHeight: 7, padding: 16,
        filter: (item, data) => data.datasets[item.datasetIndex].data.some((value) => value > 0) } },
      tooltip: { callbacks: { title: (items) => shortDay(shown[items[0].dataIndex].date),
        label: (item) => `${item.dataset.label}: ${minutes(item.parsed.y)}` } },
    },
  };
}

async function draw(days) {
  const Chart = await loadLibrary();
  find("days-chart").hidden = !Chart;
  find("days-details").open ||= !Chart;
  if (!Chart) return;
  const data = { labels: days.map((day) => [weekdayOf(day.date), dayOf(day.date)]), datasets: datasets(days) };
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  if (!chart) {
    chart = new Chart(find("days-canvas"), { data, options: options(days) });
    return;
  }
  chart.data.labels = data.labels;
  data.datasets.forEach((set, at) => Object.assign(chart.data.datasets[at], set));
  chart.options = options(days);
  chart.update("none");
}

function tell(days) {
  const used = days.reduce((sum, day) => sum + day.minutes_used, 0);
  const over = days.reduce((sum, day) => sum + day.minutes_overdraft, 0);
  say("days-sum", `${minutes(used)} played${over > 0 ? `, ${minutes(over)} over` : ""}`);
  const heads = ["Day", ...["Used", "Allowance", "Granted", "Overdraft"].map((name) => ({ name, number: true }))];
  fillTable(find("days-table"), "Minutes of the last 14 days", heads, [...days].reverse().map((day) => ({
    attributes: { "data-date": day.date },
    cells: [shortDay(day.date), minutes(day.minutes_used),
      day.minutes_allowance === null ? "no limit" : minutes(day.minutes_allowance),
      day.minutes_granted === 0 ? "–" : minutes(day.minutes_granted), minutes(day.minutes_overdraft)],
  })), "No day yet");
}

// Draws only what changed.
export function showDays(days) {
  if (JSON.stringify(days) === JSON.stringify(shown)) return;
  shown = structuredClone(days); // today goes on
  tell(days);
  void draw(days);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (!chart) return;
  chart.destroy();
  chart = undefined;
  void draw(shown);
});
