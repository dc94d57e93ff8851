"use strict";
(async () => {
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);

  // Rows are packed: 20,000 of them with their runs are 1 MB instead of 7.
  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  }
  if (typeof DecompressionStream === "undefined") {
    byId("status").append(" This browser cannot unpack the others.");
    return;
  }
  const data = await unpacked(byId("data").textContent);
  const body = document.querySelector("#cells tbody");
  const collator = new Intl.Collator("en", { numeric: true });
  const state = { key: "rank", direction: 1, page: 0, open: null };

  const rows = data.rows.map((row, place) => {
    const [combination, metric, verdict, unit, shade, numbers, texts, baseline, current, note, source, trend] = row;
    const [before, after, change = null, low = null, high = null, degradation = null, p = null, q = null] = numbers;
    const [beforeText, afterText, runs, ...decided] = texts;
    const [changeText, interval, test, pText, qText, rule, words] = decided.length ? decided : Array(7).fill("n/a");
    const home = data.combinations[combination];
    const kind = data.verdicts[verdict];
    const measured = current.filter((value) => value !== null);
    return {
      place, home, combinationPlace: combination, verdict: kind, words: decided.length ? words : kind.words, rank: verdict, unit, shade,
      before, after, change, low, high, degradation, p, q, n: baseline.length + measured.length,
      beforeText, afterText, runs, changeText, interval, test, pText, qText, rule,
      baseline, current, measured, note, source, trend,
      combination: home.id, metric: data.metrics[metric].label, about: data.metrics[metric],
      haystack: `${home.id} ${data.metrics[metric].label} ${data.metrics[metric].name}`.toLowerCase(),
    };
  });
  const rowOf = new Map(rows.map((row) => [`${row.combination}\n${row.about.name}`, row]));

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const shape = (tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const picture = (width, height, title) => {
    const made = shape("svg", { class: "plot", width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
    made.append(shape("title", {}, title));
    return made;
  };
  // An identifier may break after its underscores, so that no column is cut.
  const broken = (name) => {
    const made = element("code");
    name.split("_").forEach((part, place) => {
      if (place) made.append("_", element("wbr"));
      made.append(part);
    });
    return made;
  };

  const WIDTH = 130, HEIGHT = 26, EDGE = 6, MIDDLE = HEIGHT / 2;
  const onAxis = (axis, change) => (axis.relative ? (change > -1 ? Math.log1p(change) : -Infinity) : change);
  const at = (axis, change) => {
    const share = Math.min(Math.max(onAxis(axis, change) / axis.half, -1), 1);
    return EDGE + ((share + 1) / 2) * (WIDTH - 2 * EDGE);
  };

  function intervalPlot(row) {
    const axis = data.axes[row.unit];
    const plot = picture(WIDTH, HEIGHT, `change ${row.changeText}, interval ${row.interval}`);
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

  const sorted = (values) => [...values].sort((a, b) => a - b);
  function quantile(values, share) {
    const ranked = sorted(values), place = (ranked.length - 1) * share, below = Math.floor(place);
    return ranked[below] + (place - below) * ((ranked[below + 1] ?? ranked[below]) - ranked[below]);
  }
  // The value from which on the metric counts as worse, from the centre that changes are measured from.
  function thresholdValue(row) {
    const axis = data.axes[row.unit];
    if (!axis || !axis.threshold || !row.baseline.length) return null;
    const way = row.about.isHigherBetter ? -1 : 1;
    if (!axis.relative) return row.baseline.reduce((a, b) => a + b, 0) / row.baseline.length + way * axis.threshold;
    if (Math.min(...row.baseline) <= 0) return null;
    const logs = row.baseline.map(Math.log);
    return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length) * (1 + way * axis.threshold);
  }
  function ends(values, threshold) {
    let low = Math.min(...values), high = Math.max(...values);
    const span = high - low || Math.abs(high) || 1;
    if (threshold !== null && threshold >= low - span && threshold <= high + span) {
      low = Math.min(low, threshold);
      high = Math.max(high, threshold);
    }
    const room = 0.04 * (high - low);
    return [low - room, high + room];
  }

  function runsPlot(row, { width = 130, height = HEIGHT, edge = 4 } = {}) {
    const plot = picture(width, height, `${row.baseline.length} baseline runs, ${row.measured.length} runs`);
    const all = [...row.baseline, ...row.measured];
    if (!all.length) return plot;
    const limit = thresholdValue(row);
    const [low, high] = ends(all, limit);
    const x = (value) => edge + (high === low ? 0.5 : (value - low) / (high - low)) * (width - 2 * edge);
    if (limit !== null && limit >= low && limit <= high) {
      plot.append(shape("path", { class: "limit", d: `M${x(limit).toFixed(1)} 0v${height}` }));
    }
    for (const [values, share, kind] of [[row.baseline, 0.28, "base"], [row.measured, 0.72, "current"]]) {
      if (!values.length) continue;
      const y = height * share, half = height * 0.17;
      const [first, centre, third] = [0.25, 0.5, 0.75].map((part) => x(quantile(values, part)).toFixed(1));
      plot.append(shape("path", { class: `${kind} box`, d: `M${first} ${y - half}H${third}V${y + half}H${first}z` }));
      plot.append(shape("path", { class: kind, d: `M${x(Math.min(...values)).toFixed(1)} ${y}H${x(Math.max(...values)).toFixed(1)}M${centre} ${y - half}v${2 * half}` }));
      for (const value of values) plot.append(shape("circle", { class: `${kind} run`, cx: x(value).toFixed(1), cy: y.toFixed(1), r: Math.min(4, height / 10 + 0.4) }));
    }
    return plot;
  }

  const shown = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const quantity = (row, value) => (value === null ? "n/a" : `${shown.format(value)}${row.about.unit ? ` ${row.about.unit}` : ""}`);

  function trendPlot(row) {
    const [values, marked, shifts, known, versions] = row.trend;
    const width = 520, height = 134, left = 62, right = 12, top = 18, base = height - 36;
    const there = values.map((value, place) => [place, value]).filter(([, value]) => value !== null);
    const plot = picture(width, height, `${row.metric} over ${there.length} campaigns, the oldest first`);
    const band = row.baseline.length ? [Math.min(...row.baseline), Math.max(...row.baseline)] : null;
    const limit = thresholdValue(row);
    const [low, high] = ends([...there.map(([, value]) => value), ...(band || [])], limit);
    const first = there[0][0], last = there[there.length - 1][0], steps = Math.max(last - first, 1);
    const x = (place) => left + ((place - first) / steps) * (width - left - right);
    const y = (value) => base - ((value - low) / (high - low || 1)) * (base - top);
    if (band) plot.append(shape("path", { class: "band", d: `M${left} ${y(band[1])}H${width - right}V${Math.max(y(band[0]), y(band[1]) + 1)}H${left}z` }));
    if (limit !== null && limit >= low && limit <= high) plot.append(shape("path", { class: "limit", d: `M${left} ${y(limit)}H${width - right}` }));
    for (const value of [low, high].map((end, place) => end + (place ? -1 : 1) * 0.04 * (high - low))) {
      plot.append(shape("text", { class: "ink", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, shown.format(value)));
    }
    for (const [place, before, after] of shifts) {
      plot.append(shape("path", { class: `shift`, d: `M${x(place - 0.5)} ${top}V${base}` }));
      plot.append(shape("text", { class: "ink", x: x(place - 0.5) - 5, y: top - 6, "text-anchor": "end" }, `${shown.format(before)} → ${shown.format(after)}`));
    }
    let line = "", isDown = false;
    values.forEach((value, place) => {
      if (value !== null) line += `${isDown ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = value !== null;
    });
    plot.append(shape("path", { class: "trend", d: line }));
    for (const [place, value] of there) plot.append(shape("circle", { class: "current run", cx: x(place), cy: y(value), r: 2.6 }));
    for (const [place, version] of versions) {
      plot.append(shape("path", { class: "version", d: `M${x(place)} ${base}v6` }));
      plot.append(shape("text", { class: "ink", x: x(place), y: base + 17, "text-anchor": "middle" }, version));
    }
    for (const place of known) plot.append(shape("circle", { class: "known", cx: x(place), cy: y(values[place]), r: 7 }));
    for (const [place, verdict] of marked) {
      const kind = data.verdicts[verdict];
      plot.append(shape("text", { class: `sign v-${kind.key}`, x: x(place), y: y(values[place]) - 7, "text-anchor": "middle" }, kind.sign));
    }
    plot.append(shape("text", { class: "ink", x: left, y: height - 6 }, data.campaigns[first]));
    plot.append(shape("text", { class: "ink", x: width - right, y: height - 6, "text-anchor": "end" }, data.campaigns[last]));
    return plot;
  }

  const tagOf = (row) => element("span", { class: `tag v-${row.verdict.key}` }, element("span", { "aria-hidden": "true" }, row.verdict.sign), ` ${row.words}`);

  function detail(row) {
    const { home } = row;
    const facts = element("dl", { class: "facts" });
    const fact = (name, ...value) => facts.append(element("div", {}, element("dt", {}, name), element("dd", {}, ...value)));
    fact("decided by", `${row.test}: p ${row.pText}, q ${row.qText}`);
    fact("interval", row.interval);
    fact("plain rule", row.rule);
    if (row.source) fact("measured by", row.source);
    if (home.baseline) fact("baseline from", home.baseline);
    const made = element("div", { class: "detail-body" }, facts);
    if (row.note) made.append(element("p", { class: "note" }, row.note));
    if (home.why) {
      const link = element("a", { href: `#${home.at}` }, "why");
      link.addEventListener("click", (event) => { event.preventDefault(); const there = byId(home.at); there.open = true; there.scrollIntoView(); });
      made.append(element("p", {}, element("b", {}, "Cause: "), home.why, " (", link, ")"));
    }
    const pictures = element("div", { class: "pictures" });
    const limit = thresholdValue(row);
    pictures.append(element("figure", {}, element("figcaption", {}, `Runs: baseline above, campaign below${limit === null ? "" : `; dashed: worse from ${quantity(row, limit)} on`}`), runsPlot(row, { width: 460, height: 64, edge: 8 })));
    if (row.trend) pictures.append(element("figure", {}, element("figcaption", {}, `Over the campaigns${row.about.unit ? `, in ${row.about.unit}` : ""}: the band is the baseline`), trendPlot(row)));
    made.append(pictures);
    const values = element("table", { class: "plain samples" }, element("thead", {}, element("tr", {}, element("th", { scope: "col", class: "num" }, "baseline"), element("th", { scope: "col" }, "run"), element("th", { scope: "col", class: "num" }, "campaign"))));
    const list = element("tbody");
    for (let place = 0; place < Math.max(row.baseline.length, row.current.length); place += 1) {
      list.append(element("tr", {},
        element("td", { class: "num" }, place < row.baseline.length ? quantity(row, row.baseline[place]) : ""),
        element("th", { scope: "row" }, home.pages[place] ? element("a", { href: home.pages[place], rel: "noopener noreferrer", title: "The application in the History Server" }, home.runs[place]) : home.runs[place] ?? ""),
        element("td", { class: "num" }, place < row.current.length ? quantity(row, row.current[place]) : "")));
    }
    values.append(list);
    pictures.append(element("div", { class: "scroll" }, values));
    const all = element("button", { type: "button" }, "Every metric of this combination");
    all.addEventListener("click", () => showCombination(row.combination));
    made.append(all);
    return element("tr", { class: "detail" }, element("td", { colspan: 12 }, made));
  }

  const keyOf = (row) => `${row.combination}|${row.about.name}`;
  function tableRow(row) {
    const toggle = element("button", { type: "button", class: "linkish opener", "aria-expanded": state.open === keyOf(row), title: "Runs, source, history and cause" }, tagOf(row));
    toggle.addEventListener("click", () => {
      state.open = state.open === keyOf(row) ? null : keyOf(row);
      render();
      const again = [...body.querySelectorAll(".opener")].find((button) => button.dataset.key === keyOf(row));
      if (again) again.focus();
    });
    toggle.dataset.key = keyOf(row);
    const verdict = element("td", {}, toggle);
    if (row.note) verdict.append(element("span", { class: "note" }, row.note));
    const name = element("button", { type: "button", class: "linkish", title: "Show every metric of this combination" }, broken(row.combination));
    name.addEventListener("click", () => showCombination(row.combination));
    const cell = (name, attributes, ...content) => element("td", { "data-name": name, ...attributes }, ...content);
    const small = (text) => element("small", {}, text);
    return element("tr", { class: "cell" }, verdict, element("td", {}, name), cell("", {}, row.metric),
      cell("baseline", { class: "num" }, row.beforeText), cell("current", { class: "num", "data-before": row.beforeText }, row.afterText),
      cell("change", { class: "num" }, row.changeText, element("br"), small(row.interval)),
      element("td", { class: `plot v-${row.verdict.key}` }, intervalPlot(row)), element("td", { class: "plot" }, runsPlot(row)),
      cell("decided by", {}, row.test, element("br"), small(`p ${row.pText}`)), cell("q", { class: "num" }, row.qText),
      cell("plain rule", {}, row.rule), cell("runs", { class: "num" }, row.runs));
  }

  const dimensionSelects = data.dimensions.map((dimension) => {
    const select = element("select", { "data-dimension": dimension.name }, element("option", { value: "" }, "all"));
    for (const value of dimension.values.sort(collator.compare)) select.append(element("option", { value }, value));
    byId("dimensions").append(element("label", {}, `${dimension.name} `, select));
    return select;
  });
  for (const metric of data.metrics) {
    byId("metric").append(element("option", { value: metric.name }, metric.label));
    byId("map-metric").append(element("option", { value: metric.name }, metric.label));
  }

  const checked = () => [...document.querySelectorAll("[name=verdict]:checked")].map((box) => box.value);
  function matching() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(checked());
    const metric = byId("metric").value;
    const wanted = dimensionSelects.map((select) => select.value);
    return rows.filter((row) =>
      (verdicts.size === 0 || verdicts.has(row.verdict.key)) &&
      (!metric || row.about.name === metric) &&
      wanted.every((value, place) => !value || row.home.values[place] === value) &&
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
    const part = found.slice(state.page * size, (state.page + 1) * size);
    body.replaceChildren(...part.flatMap((row) => (state.open === keyOf(row) ? [tableRow(row), detail(row)] : [tableRow(row)])));
    byId("status").textContent = `${found.length} of ${rows.length} rows`;
    byId("page").textContent = `Page ${state.page + 1} of ${pages}`;
    byId("previous").disabled = state.page === 0;
    byId("next").disabled = state.page >= pages - 1;
    byId("pager").hidden = pages === 1;
    remember();
  }

  function showCombination(name) {
    byId("filters").reset();
    byId("search").value = name;
    state.page = 0;
    render();
    byId("cells-title").scrollIntoView();
  }

  // What is shown is in the address, so that it can be sent to somebody.
  function remember() {
    const said = new URLSearchParams();
    if (checked().length) said.set("verdict", checked().join(","));
    if (byId("metric").value) said.set("metric", byId("metric").value);
    if (byId("map-metric").value && byId("map-metric").value !== byId("metric").value) said.set("map", byId("map-metric").value);
    for (const select of dimensionSelects) if (select.value) said.set(`d.${select.dataset.dimension}`, select.value);
    if (byId("search").value) said.set("search", byId("search").value);
    if (state.key !== "rank" || state.direction !== 1) said.set("sort", `${state.direction < 0 ? "-" : ""}${state.key}`);
    if (state.page) said.set("page", state.page + 1);
    if (state.open) said.set("cell", state.open);
    const text = said.toString().replaceAll("%2C", ",").replaceAll("%7C", "|");
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch (error) {
      // A page in a frame without an address of its own cannot remember.
    }
  }
  function recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    if (!location.hash.includes("=")) return;
    const verdicts = said.getAll("verdict").flatMap((text) => text.split(","));
    for (const box of document.querySelectorAll("[name=verdict]")) box.checked = verdicts.includes(box.value);
    byId("metric").value = said.get("metric") || "";
    byId("map-metric").value = said.get("map") || said.get("metric") || "";
    for (const select of dimensionSelects) select.value = said.get(`d.${select.dataset.dimension}`) || "";
    byId("search").value = said.get("search") || "";
    const sort = said.get("sort") || "rank";
    state.key = sort.replace(/^-/, "");
    state.direction = sort.startsWith("-") ? -1 : 1;
    if (!headings.some((heading) => heading.dataset.sort === state.key)) state.key = "rank";
    state.page = Math.max(0, (Number(said.get("page")) || 1) - 1);
    state.open = said.get("cell");
  }

  const headings = [...document.querySelectorAll("th[data-sort]")];
  function sortBy(key, direction) {
    state.key = key;
    state.direction = direction;
    state.page = 0;
    markSorted();
    render();
  }
  function markSorted() {
    for (const heading of headings) {
      if (heading.dataset.sort === state.key) {
        heading.setAttribute("aria-sort", state.direction === 1 ? "ascending" : "descending");
      } else {
        heading.removeAttribute("aria-sort");
      }
    }
    byId("sort").value = state.key;
  }
  const firstWay = (key) => (key === "degradation" ? -1 : 1);
  for (const heading of headings) {
    const key = heading.dataset.sort;
    byId("sort").append(element("option", { value: key }, heading.textContent));
    const button = element("button", { type: "button" }, ...heading.childNodes);
    button.addEventListener("click", () => sortBy(key, state.key === key ? -state.direction : firstWay(key)));
    heading.append(button);
  }

  const map = byId("map");
  const cells = [...map.querySelectorAll("button")];
  const asJudged = cells.map((button) => [button.parentNode.className, button.getAttribute("aria-label"), [...button.childNodes].map((node) => node.cloneNode(true))]);
  function paintMap() {
    const metric = byId("map-metric").value;
    const isRoomy = map.classList.contains("roomy");
    cells.forEach((button, place) => {
      if (!metric) {
        const [look, words, content] = asJudged[place];
        button.parentNode.className = look;
        button.setAttribute("aria-label", words);
        button.replaceChildren(...content.map((node) => node.cloneNode(true)));
        return;
      }
      const row = rowOf.get(`${data.combinations[button.dataset.c].id}\n${metric}`);
      button.parentNode.className = row ? `v-${row.verdict.key} s${row.shade}` : "v-not_judged s0";
      button.setAttribute("aria-label", row ? `${row.words} ${row.changeText}` : "not measured");
      button.replaceChildren(row ? row.verdict.sign : "·");
      if (row && isRoomy && row.change !== null) button.append(" ", element("small", {}, row.changeText));
    });
  }
  for (const button of cells) {
    const home = data.combinations[button.dataset.c];
    button.title = `${home.id}: ${button.getAttribute("aria-label")}`;
    button.addEventListener("click", () => showCombination(home.id));
  }
  if (cells.length) cells[0].tabIndex = 0;
  map.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!(event.key in moves) || event.target.tagName !== "BUTTON") return;
    event.preventDefault();
    const [down, across] = moves[event.key];
    const here = event.target.parentNode, line = here.parentNode;
    const inLine = [...line.querySelectorAll("td")], column = inLine.indexOf(here);
    const lines = [...map.tBodies[0].rows];
    const next = down ? lines[lines.indexOf(line) + down]?.querySelectorAll("td")[column] : inLine[column + across];
    const button = next?.querySelector("button");
    if (!button) return;
    event.target.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  });

  const refresh = () => { state.page = 0; state.open = null; render(); };
  byId("filters").addEventListener("input", (event) => {
    if (event.target.id === "sort") sortBy(event.target.value, firstWay(event.target.value));
    else refresh();
  });
  byId("filters").addEventListener("reset", () => setTimeout(() => { markSorted(); refresh(); }));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("map-metric").addEventListener("input", () => { paintMap(); remember(); });
  byId("previous").addEventListener("click", () => { state.page -= 1; render(); });
  byId("next").addEventListener("click", () => { state.page += 1; render(); });
  byId("copy").addEventListener("click", async () => {
    remember();
    try {
      await navigator.clipboard.writeText(location.href);
      byId("copy").textContent = "Copied";
    } catch (error) {
      byId("copy").textContent = "The address above is the link";
    }
  });
  const show = () => { recall(); markSorted(); paintMap(); render(); };
  addEventListener("hashchange", () => { if (location.hash.includes("=")) show(); });
  addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details.why")) part.open = true; });

  document.documentElement.classList.add("has-js");
  byId("filters").hidden = false;
  show();
  document.documentElement.dataset.ready = "yes";
})();
