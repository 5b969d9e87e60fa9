// Comfort on top of a page that is complete without it: copy buttons, a filter, open targets.
"use strict";
(() => {
  const make = (name, attributes, text) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    return node;
  };

  // A button beside every command. Browsers give files no clipboard in places, so there are two ways.
  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(code);
      return document.execCommand("copy");
    }
  };
  const offer = (box) => {
    if (box.querySelector("button")) return;
    const code = box.querySelector("code");
    const button = make("button", { type: "button", "aria-label": `Copy ${code.textContent}` }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(code)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
    box.append(button);
  };
  document.querySelectorAll(".card .cmd, footer .cmd").forEach(offer);
  // Rows can be thousands: theirs are offered when a row is opened.
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelectorAll(".cmd").forEach(offer);
  }, true);

  // Failures are told at the end of an output.
  document.querySelectorAll(".card .out").forEach((output) => { output.scrollTop = output.scrollHeight; });

  // A link to a row, or into a closed part, opens what it points at.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.querySelector(":scope > .what > details")?.setAttribute("open", "");
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  // The filter: words and statuses over every row; phases without a match step aside.
  const tools = document.getElementById("tools");
  const rows = [...document.querySelectorAll("tr.row")].map((node) => ({
    node,
    phase: node.closest(".phase"),
    status: node.querySelector(".st").textContent.trim(),
    text: [node.querySelector(".title"), node.querySelector(".id"), node.querySelector(".why")]
      .map((part) => part?.textContent ?? "").join(" ").toLowerCase(),
  }));
  if (rows.length > 5) {
    const chosen = new Set();
    const input = make("input", { type: "search", "aria-label": "Filter checks", placeholder: "Filter checks (press /)", autocomplete: "off", spellcheck: "false" });
    const count = make("output", { "aria-live": "polite" });
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const alive = new Set();
      let shown = 0;
      for (const row of rows) {
        const match = (!chosen.size || chosen.has(row.status)) && words.every((word) => row.text.includes(word));
        row.node.hidden = !match;
        if (match) { shown += 1; alive.add(row.phase); }
      }
      document.querySelectorAll(".phase").forEach((phase) => { phase.hidden = !alive.has(phase); });
      count.textContent = words.length || chosen.size ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} checks` : "";
    };
    tools.append(input);
    for (const status of ["failed", "errored", "flaky", "precluded", "skipped", "passed"]) {
      if (!rows.some((row) => row.status === status)) continue;
      const button = make("button", { type: "button", "aria-pressed": "false" }, status);
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        if (on) chosen.add(status); else chosen.delete(status);
        apply();
      });
      tools.append(button);
    }
    tools.append(count);
    input.addEventListener("input", apply);
    addEventListener("keydown", (event) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); input.focus(); }
      if (event.key === "Escape" && document.activeElement === input) { input.value = ""; apply(); }
    });
  }
  addEventListener("beforeprint", () => document.querySelectorAll(".card details").forEach((part) => { part.open = true; }));
})();
