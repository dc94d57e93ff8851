"use strict";
(() => {
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll("#campaigns tbody tr")];
  const lines = [...document.querySelectorAll(".trends tbody tr")];
  const links = [...document.querySelectorAll(".keeps-filter")].map((link) => [link, link.getAttribute("href")]);
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const boxes = [...form.querySelectorAll("[name=verdict]")];
  const { stage, q } = form.elements;
  const stages = new Set([...stage.options].map((option) => option.value));

  function fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const verdicts = new Set((asked.get("verdict") || "").split(",").filter(Boolean));
    for (const box of boxes) box.checked = verdicts.has(box.value);
    const wanted = asked.get("stage") || "";
    // A stage that this page has no campaign of must not become "all" without a word.
    if (!stages.has(wanted)) {
      stage.append(new Option(`${wanted} (0)`, wanted));
      stages.add(wanted);
    }
    stage.value = wanted;
    q.value = asked.get("q") || "";
    apply();
  }

  function toAddress() {
    const said = new URLSearchParams();
    const verdicts = boxes.filter((box) => box.checked).map((box) => box.value);
    if (verdicts.length) said.set("verdict", verdicts.join(","));
    if (stage.value) said.set("stage", stage.value);
    if (q.value.trim()) said.set("q", q.value.trim());
    const hash = said.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    apply();
  }

  function apply() {
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const ofStage = (row) => !stage.value || row.dataset.stage === stage.value;
    let shown = 0;
    for (const row of rows) {
      const matches = ofStage(row) && (!verdicts.size || verdicts.has(row.dataset.verdict))
        && words.every((word) => texts.get(row).includes(word));
      row.hidden = !matches;
      shown += matches;
    }
    for (const line of lines) line.hidden = !ofStage(line);
    document.getElementById("status").textContent = `${shown} of ${rows.length} shown`;
    for (const [link, address] of links) link.setAttribute("href", address + location.hash);
  }

  form.addEventListener("input", toAddress);
  form.addEventListener("reset", () => setTimeout(toAddress));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", fromAddress);
  form.hidden = false;
  fromAddress();
})();
