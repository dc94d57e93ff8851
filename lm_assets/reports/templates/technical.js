"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const body = document.querySelector("#cells tbody");
  const collator = new Intl.Collator("en", { numeric: true });
  const state = { key: "rank", direction: 1, page: 0 };

  const rows = data.rows.map((row, place) => {
    const [combination, metric, verdict, unit, numbers, texts, baseline, current, note, source] = row;
    const [before, after, change, low, high, degradation, p, q, n] = numbers;
    const name = data.combinations[combination].id;
    const label = data.metrics[metric].label;
    return {
      place, verdict: data.verdicts[verdict], rank: verdict, unit, texts, test: texts[4], baseline, current, note, source,
      before, after, change, low, high, degradation, p, q, n,
      combination: name, values: data.combinations[combination].values, metric: label, metricName: data.metrics[metric].name,
      haystack: `${name} ${label} ${data.metrics[metric].name}`.toLowerCase(),
    };
  });

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const shape = (tag, attributes) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const picture = (width, height, title) => {
    const made = shape("svg", { class: "plot", width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
    const text = shape("title", {});
    text.textContent = title;
    made.append(text);
    return made;
  };

  const WIDTH = 150, HEIGHT = 22, EDGE = 6, MIDDLE = HEIGHT / 2;
  const onAxis = (axis, change) => (axis.relative ? (change > -1 ? Math.log1p(change) : -Infinity) : change);
  const at = (axis, change) => {
    const share = Math.min(Math.max(onAxis(axis, change) / axis.half, -1), 1);
    return EDGE + ((share + 1) / 2) * (WIDTH - 2 * EDGE);
  };

  function intervalPlot(row) {
    const axis = data.axes[row.unit];
    const plot = picture(WIDTH, HEIGHT, `change ${row.texts[2]}, interval ${row.texts[3]}`);
    if (!axis || row.change === null) return plot;
    plot.append(shape("path", { class: "zero", d: `M${WIDTH / 2} 0v${HEIGHT}` }));
    if (axis.threshold) {
      for (const bound of [-axis.threshold, axis.threshold]) {
        plot.append(shape("path", { class: "limit", d: `M${at(axis, bound).toFixed(1)} 0v${HEIGHT}` }));
      }
    }
    if (row.low !== null && row.high !== null) {
      const from = at(axis, row.low), to = at(axis, row.high);
      plot.append(shape("path", { class: "bar", d: `M${from.toFixed(1)} ${MIDDLE}H${to.toFixed(1)}` }));
      for (const [bound, edge, way] of [[row.low, from, -1], [row.high, to, 1]]) {
        if (Math.abs(onAxis(axis, bound)) > axis.half) {
          plot.append(shape("path", { class: "arrow", d: `M${edge} ${MIDDLE - 4}l${6 * way} 4l${-6 * way} 4z` }));
        }
      }
    }
    const isOpen = ["suspected", "confounded", "inconclusive"].includes(row.verdict.key);
    plot.append(shape("circle", { class: isOpen ? "dot open" : "dot", cx: at(axis, row.change).toFixed(1), cy: MIDDLE, r: 3.6 }));
    return plot;
  }

  function stripPlot(row) {
    const all = [...row.baseline, ...row.current];
    const plot = picture(110, HEIGHT, `${row.baseline.length} baseline samples, ${row.current.length} current samples`);
    const low = Math.min(...all), span = Math.max(...all) - low;
    const dots = (samples, level, kind) => {
      for (const sample of samples) {
        const share = span === 0 ? 0.5 : (sample - low) / span;
        plot.append(shape("circle", { class: kind, cx: (5 + share * 100).toFixed(1), cy: level, r: 2.7 }));
      }
    };
    dots(row.baseline, 6, "b");
    dots(row.current, 16, "c");
    return plot;
  }

  function tableRow(row) {
    const tag = element("span", { class: `tag v-${row.verdict.key}` },
      element("span", { "aria-hidden": "true" }, row.verdict.sign), ` ${row.verdict.words}`);
    const verdict = element("td", {}, tag);
    if (row.note) verdict.append(element("span", { class: "note" }, row.note));
    const name = element("button", { type: "button", class: "linkish", title: "Show every metric of this combination" }, element("code", {}, row.combination));
    name.addEventListener("click", () => showCombination(row.combination));
    const [before, after, change, interval, test, p, q, rule, n] = row.texts;
    const number = (text) => element("td", { class: "num" }, text);
    const measured = (text) => element("td", row.source ? { class: "num", title: `measured by ${row.source}` } : { class: "num" }, text);
    return element("tr", {}, verdict, element("td", {}, name), element("td", {}, row.metric),
      measured(before), measured(after), number(change), number(interval),
      element("td", { class: `v-${row.verdict.key}` }, intervalPlot(row)), element("td", {}, stripPlot(row)),
      element("td", {}, test), number(p), number(q), element("td", {}, rule), number(n));
  }

  const dimensionSelects = data.dimensions.map((dimension, place) => {
    const select = element("select", { "data-dimension": place }, element("option", { value: "" }, "all"));
    for (const value of dimension.values) select.append(element("option", { value }, value));
    byId("dimensions").append(element("label", {}, `${dimension.name} `, select));
    return select;
  });
  for (const metric of data.metrics) byId("metric").append(element("option", { value: metric.name }, metric.label));

  function matching() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set([...document.querySelectorAll("[name=verdict]:checked")].map((box) => box.value));
    const metric = byId("metric").value;
    const wanted = dimensionSelects.map((select) => select.value);
    return rows.filter((row) =>
      (verdicts.size === 0 || verdicts.has(row.verdict.key)) &&
      (!metric || row.metricName === metric) &&
      wanted.every((value, place) => !value || row.values[place] === value) &&
      words.every((word) => row.haystack.includes(word)));
  }

  const unitOrder = (row) => (row.unit === "" ? 9 : data.units.indexOf(row.unit));

  function compare(a, b) {
    const left = a[state.key], right = b[state.key];
    // Percentages and points cannot be ranked against each other: each kind keeps together.
    if (state.key === "degradation" && a.unit !== b.unit) return unitOrder(a) - unitOrder(b);
    if (left === null || right === null) {
      return (left === null) - (right === null) || a.place - b.place;
    }
    const order = typeof left === "string" ? collator.compare(left, right) : left - right;
    return order * state.direction || a.place - b.place;
  }

  function render() {
    const found = matching().sort(compare);
    const size = Number(byId("page-size").value) || found.length || 1;
    const pages = Math.max(1, Math.ceil(found.length / size));
    state.page = Math.min(state.page, pages - 1);
    const shown = found.slice(state.page * size, (state.page + 1) * size);
    body.replaceChildren(...shown.map(tableRow));
    byId("status").textContent = `${found.length} of ${rows.length} rows`;
    byId("page").textContent = `Page ${state.page + 1} of ${pages}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page >= pages - 1;
    byId("pager").hidden = pages === 1;
  }

  function showCombination(name) {
    byId("filters").reset();
    byId("search").value = name;
    state.page = 0;
    render();
  }

  const headings = [...document.querySelectorAll("th[data-sort]")];
  function markSorted() {
    for (const heading of headings) {
      if (heading.dataset.sort === state.key) {
        heading.setAttribute("aria-sort", state.direction === 1 ? "ascending" : "descending");
      } else {
        heading.removeAttribute("aria-sort");
      }
    }
  }
  for (const heading of headings) {
    const button = element("button", { type: "button" }, ...heading.childNodes);
    button.addEventListener("click", () => {
      const key = heading.dataset.sort;
      const first = key === "degradation" ? -1 : 1;
      state.direction = state.key === key ? -state.direction : first;
      state.key = key;
      state.page = 0;
      markSorted();
      render();
    });
    heading.append(button);
  }

  const refresh = () => { state.page = 0; render(); };
  byId("filters").addEventListener("input", refresh);
  byId("filters").addEventListener("reset", () => setTimeout(refresh));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("previous").addEventListener("click", () => { state.page -= 1; render(); });
  byId("next").addEventListener("click", () => { state.page += 1; render(); });

  document.documentElement.classList.add("has-js");
  byId("filters").hidden = false;
  markSorted();
  render();
})();
