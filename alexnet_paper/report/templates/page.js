"use strict";
const byId = (id) => document.getElementById(id);
const make = (tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
for (const controls of document.querySelectorAll(".controls")) controls.hidden = false;

// claims: of one verdict; opened and closed together; opened where a link leads to one
const claims = [...document.querySelectorAll("#claims .claim")];
byId("verdict").addEventListener("change", ({ target }) => {
  for (const one of claims) one.hidden = target.value && one.dataset.verdict !== target.value;
  const left = claims.filter((one) => !one.hidden).length;
  byId("count").textContent = `${left} of ${claims.length} claims`;
  for (const group of document.querySelectorAll("#claims .group")) {
    group.hidden = ![...group.querySelectorAll(".claim")].some((one) => !one.hidden);
  }
});
for (const button of document.querySelectorAll("[data-open], [data-close]")) {
  const open = "open" in button.dataset;
  button.addEventListener("click", () => claims.forEach((one) => (one.open = open)));
}
const openTarget = () => {
  const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", openTarget);
openTarget();

// tables: sorted by a column, numbers by value, what is missing last
const valueOf = (row, column) => row.cells[column].textContent.trim();
const number = (text) => parseFloat(text.replaceAll(",", "").replaceAll("×", " "));
const compare = (a, b) => {
  const [x, y] = [number(a), number(b)];
  return isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
};
const sort = (table, column, down) => {
  const body = table.tBodies[0];
  const missing = (row) => valueOf(row, column) === "–";
  const rows = [...body.rows].sort((a, b) => {
    if (missing(a) !== missing(b)) return missing(a) - missing(b);
    return compare(valueOf(a, column), valueOf(b, column)) * (down ? -1 : 1);
  });
  body.append(...rows);
};
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = make("button", head.textContent, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(table, column, down);
    });
  });
}

// learning curves of two runs
const curves = JSON.parse(byId("curve-data").textContent);
const selects = ["first", "second"].map(byId);
const groups = [...new Set(curves.map((one) => one.group))];
for (const select of selects) {
  for (const group of groups) {
    const options = make("optgroup", "", { label: group });
    curves.forEach((one, index) => {
      if (one.group === group) options.append(make("option", one.label, { value: index }));
    });
    select.append(options);
  }
}
const most = Math.max(...curves.map((one) => one.images));
selects[0].value = curves.findIndex((one) => one.images === most);
selects[1].value = Math.max(curves.findIndex((one) => one.theirs), 0);

const svg = (tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
};
const ticks = (most, count) => {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step);
};
const draw = () => {
  const chosen = selects.map((select) => curves[select.value]);
  const measure = byId("measure").value;
  const same = chosen[0].unit === chosen[1].unit;
  const lines = chosen.flatMap((one, index) =>
    Object.entries(one.lines[measure] || {}).map(([kind, points]) => {
      const end = points[points.length - 1][0];
      const at = points.map(([x, y]) => [same ? x : (100 * x) / end, y]);
      return { index, kind, points: at };
    }),
  );
  plot(lines, same ? `${chosen[0].unit}s` : "share of the run, %", byId("measure"));
  table(chosen, measure);
};
const plot = (lines, across, measure) => {
  const width = Math.max(byId("plot").clientWidth, 280);
  const height = Math.round(Math.min(0.6 * width, 420));
  const [left, bottom, top, right] = [48, 44, 24, 14];
  const points = lines.flatMap((line) => line.points);
  const most = [0, 1].map((axis) => Math.max(...points.map((p) => p[axis]), 1e-9));
  const x = (value) => left + (value / most[0]) * (width - left - right);
  const y = (value) => height - bottom - (value / most[1]) * (height - bottom - top);
  const words = measure.selectedOptions[0].textContent;
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  chart.setAttribute("aria-label", `${words} of two runs by ${across}; the table has the numbers`);
  for (const value of ticks(most[1], 5)) {
    chart.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    chart.append(svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, String(+value.toPrecision(6))));
  }
  for (const value of ticks(most[0], width < 500 ? 4 : 8)) {
    const text = Number(value.toPrecision(6)).toLocaleString("en");
    const end = x(value) > width - 40;
    chart.append(svg("text", { x: end ? width - 2 : x(value), y: height - bottom + 18, "text-anchor": end ? "end" : "middle" }, text));
  }
  chart.append(svg("text", { x: 0, y: 14 }, words));
  chart.append(svg("text", { x: width - right, y: height - 6, "text-anchor": "end" }, across));
  for (const { index, kind, points: at } of lines) {
    const path = at.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
    const names = `curve ${["first", "second"][index]} ${kind === "training" ? "training" : ""}`;
    chart.append(svg("polyline", { class: names, points: path }));
  }
  byId("plot").replaceChildren(chart);
};
const table = (chosen, measure) => {
  const made = make("table");
  made.append(make("caption", "Solid: held out. Dashed: training."));
  const head = made.createTHead().insertRow();
  for (const name of ["run", "measured on", "points", "lowest", "last", "source"]) {
    head.append(make("th", name, { scope: "col" }));
  }
  const body = made.createTBody();
  chosen.forEach((one, index) => {
    const kinds = Object.entries(one.lines[measure] || {});
    for (const [kind, points] of kinds.length ? kinds : [["nothing", []]]) {
      const row = body.insertRow();
      const name = make("th", "", { scope: "row" });
      name.append(make("span", "", { class: `key ${["first", "second"][index]}` }));
      name.append(one.label);
      row.append(name);
      const values = points.map((point) => point[1]);
      const last = values.length ? values[values.length - 1] : "–";
      const lowest = values.length ? Math.min(...values) : "–";
      for (const text of [kind, values.length, lowest, last, one.source]) {
        row.append(make("td", String(text)));
      }
    }
  });
  const scroll = make("div", "", { class: "scroll", tabindex: 0, role: "group", "aria-label": "The two runs" });
  scroll.append(made);
  byId("values").replaceChildren(scroll);
};
if (curves.length) {
  for (const select of [...selects, byId("measure")]) select.addEventListener("change", draw);
  let before = 0;
  addEventListener("resize", () => {
    const width = byId("plot").clientWidth;
    if (width !== before) draw();
    before = width;
  });
  draw();
}
