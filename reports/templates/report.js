// Comfort on top of a page that is readable without it: copy buttons, the list of all results.
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

  // An image fits its column; its own size is a click away.
  document.querySelectorAll(".attached img").forEach((image) => {
    const button = make("button", { type: "button", class: "zoom", "aria-label": `Enlarge ${image.alt}` });
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => {
      const { box, show } = dialog(image.alt.replace("Attached image ", ""));
      box.classList.add("wide-box");
      box.append(make("img", { src: image.src, alt: image.alt }));
      box.addEventListener("close", () => button.focus({ preventScroll: true }));
      show();
    });
  });

  // Failures are told at the end of an output.
  document.querySelectorAll(".card .out").forEach((output) => { output.scrollTop = output.scrollHeight; });

  // A link to a row, or into a closed part, opens what it points at.
  const reveal = () => {
    const name = location.hash.slice(1).split("?")[0];
    let target = null;
    try { target = name && document.getElementById(decodeURIComponent(name)); } catch { return; }
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.querySelector(":scope > .what > details")?.setAttribute("open", "");
    target.scrollIntoView();
  };

  // All results: data once, then only the rows in view exist.
  const list = document.getElementById("list");
  const tools = document.getElementById("tools");
  const ROW = 48;
  const AHEAD = 8;
  const time = (ms) => {
    if (ms === null || ms === undefined) return "";
    if (ms < 0.5) return "<1 ms";
    if (ms < 999.5) return `${Math.round(ms)} ms`;
    if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
    const all = Math.round(ms / 1000);
    if (all < 60) return `${all} s`;
    if (all < 3600) return `${Math.floor(all / 60)} min ${String(all % 60).padStart(2, "0")} s`;
    return `${Math.floor(all / 3600)} h ${String(Math.floor(all / 60) % 60).padStart(2, "0")} min`;
  };
  const shape = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const badge = (status) => {
    const mark = make("span", { class: `st s-${status}` });
    const icon = shape("svg", { class: "i", "aria-hidden": "true" });
    icon.append(shape("use", { href: `#i-${status}` }));
    mark.append(icon, status);
    return mark;
  };

  // Earlier ends of a check, newest last: taller is worse, so that colour is never needed.
  const TALL = { passed: 6, flaky: 10, skipped: 2, precluded: 2 };
  const history_of = (words) => {
    const runs = [];
    const bars = {};
    words.forEach((word, index) => {
      if (runs.at(-1)?.[0] === word) runs.at(-1)[1] += 1; else runs.push([word, 1]);
      const tall = TALL[word] ?? 14;
      bars[word] = `${bars[word] ?? ""}M${index * 7} ${14 - tall}h5v${tall}h-5z`;
    });
    const told = runs.map(([word, count]) => (count > 1 ? `${count} ${word}` : word)).join(", ");
    const chart = shape("svg", { class: "marks", role: "img", width: words.length * 7, height: 14, "aria-label": `Earlier runs, newest last: ${told}` });
    for (const [word, d] of Object.entries(bars)) chart.append(shape("path", { class: `m-${word}`, d }));
    return chart;
  };

  const unpack = async () => {
    const text = document.getElementById("data").textContent;
    if (list.dataset.form === "json") return JSON.parse(text);
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  // Failures first: by status, and in each the checks before the tests.
  const items = (data) => {
    const buckets = data.statuses.map(() => [[], []]);
    data.checks.forEach(([id, title, status, phase, anchor, ms, reason, tags, tests, marks = ""]) => {
      const check = { id, name: title, status, phase, anchor, ms, said: reason, tags, marks, test: false };
      check.text = `${title} ${id} ${reason}`.toLowerCase();
      buckets[status][0].push(check);
      for (const [name, ended, took, message = ""] of tests) {
        const text = `${name} ${id} ${message}`.toLowerCase();
        buckets[ended][1].push({ id, name, status: ended, phase, anchor, ms: took, said: message, tags, test: true, text });
      }
    });
    return buckets.flat(2);
  };

  const dialog = (title) => {
    const box = make("dialog", { "aria-label": title });
    const close = make("button", { type: "button" }, "Close");
    close.addEventListener("click", () => box.close());
    box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
    box.append(make("h2", {}, title));
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    return { box, show: () => { box.append(close); box.showModal(); close.focus(); } };
  };
  const commandBox = (text) => {
    const box = make("div", { class: "cmd" });
    box.append(make("code", {}, text));
    offer(box);
    return box;
  };
  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);
  const shortcuts = () => {
    const { box, show } = dialog("Keyboard shortcuts");
    const keys = make("div", { class: "keys" });
    for (const [key, what] of [
      ["/", "Search all results"], ["j  ↓", "Next result"], ["k  ↑", "Previous result"], ["Enter", "Open the result"],
      ["n", "Next failure card"], ["p", "Previous failure card"], ["Esc", "Clear the search, close a dialog"], ["?", "This list"],
    ]) {
      const cell = make("span", {});
      key.split("  ").forEach((one) => cell.append(make("kbd", {}, one), " "));
      keys.append(cell, make("span", {}, what));
    }
    box.append(keys);
    show();
  };

  const start = (data) => {
    const all = items(data);
    const state = { words: [], statuses: new Set(), phase: "", tag: "", kind: "" };
    let shown = all;
    let at = -1;
    let drawn = "";

    const marked = list.classList.contains("marked");
    const rows = make("div", { class: "rows", role: "rowgroup" });
    const row = (index) => {
      const item = shown[index];
      const node = make("div", { class: "r", role: "row", id: `result-${index}`, "aria-rowindex": String(index + 1), "aria-selected": String(index === at) });
      const mark = make("span", { class: "rs", role: "gridcell" });
      mark.append(badge(data.statuses[item.status]));
      const name = make("span", { class: "rn", role: "gridcell" });
      name.append(make("b", item.test ? { class: "test" } : {}, item.name));
      name.append(make("small", {}, item.said ? `${item.id} · ${item.said.split("\n")[0]}` : item.id));
      node.append(mark, name);
      if (marked) {
        const past = make("span", { class: "rm", role: "gridcell" });
        if (item.marks) past.append(history_of([...item.marks].map((digit) => data.statuses[digit])));
        node.append(past);
      }
      node.append(make("span", { class: "rt", role: "gridcell" }, time(item.ms)));
      node.style.top = `${index * ROW}px`;
      node.dataset.index = String(index);
      return node;
    };
    const draw = (force) => {
      const height = list.clientHeight || 528;
      const first = Math.max(0, Math.floor(list.scrollTop / ROW) - AHEAD);
      const last = Math.min(shown.length, Math.ceil((list.scrollTop + height) / ROW) + AHEAD);
      if (!force && drawn === `${first} ${last}`) return;
      drawn = `${first} ${last}`;
      const part = document.createDocumentFragment();
      for (let index = first; index < last; index += 1) part.append(row(index));
      if (!shown.length) {
        const none = make("div", { class: "none", role: "row" });
        none.append(make("span", { role: "gridcell" }, "Nothing matches. Escape in the search field clears it."));
        part.append(none);
      }
      rows.replaceChildren(part);
      if (at >= first && at < last) list.setAttribute("aria-activedescendant", `result-${at}`);
      else list.removeAttribute("aria-activedescendant");
    };
    const select = (index) => {
      if (!shown.length) return;
      at = Math.max(0, Math.min(shown.length - 1, index));
      const top = at * ROW;
      if (top < list.scrollTop) list.scrollTop = top;
      if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
      draw(true);
    };
    const open = (index) => {
      const item = shown[index];
      if (!item) return;
      const { box, show } = dialog(item.name);
      const meta = make("p", { class: "meta" });
      meta.append(badge(data.statuses[item.status]), make("code", {}, item.id));
      if (item.ms !== null && item.ms !== undefined) meta.append(make("span", {}, time(item.ms)));
      meta.append(make("span", {}, data.phases[item.phase][1]));
      if (item.marks) meta.append(history_of([...item.marks].map((digit) => data.statuses[digit])));
      box.append(meta);
      if (item.said) box.append(make("pre", { class: "says" }, item.said));
      box.append(commandBox(`release-manager verify ${quoted(item.id)}`));
      if (item.anchor) {
        const link = make("a", { href: `#${item.anchor}` }, item.test ? "Open its check" : "Open its evidence");
        link.addEventListener("click", () => box.close());
        const line = make("p", {});
        line.append(link);
        box.append(line);
      }
      box.addEventListener("close", () => list.focus({ preventScroll: true }));
      show();
    };

    // The tools.
    const input = make("input", { type: "search", "aria-label": "Search all results", placeholder: "Search checks and tests (press /)", autocomplete: "off", spellcheck: "false" });
    const choice = (label, options) => {
      const box = make("select", { "aria-label": label });
      for (const [value, text] of options) box.append(make("option", { value }, text));
      return box;
    };
    const kind = choice("Checks or tests", [["", "Checks and tests"], ["checks", "Checks only"], ["tests", "Tests only"]]);
    const phase = choice("Phase", [["", "Every phase"], ...data.phases]);
    const tag = choice("Tag", [["", "Every tag"], ...data.tags.map((name) => [name, name])]);
    const count = make("output", { "aria-live": "polite" });
    const chips = make("div", { class: "chips" });
    const help = make("button", { type: "button", "aria-haspopup": "dialog" }, "Shortcuts");
    help.addEventListener("click", shortcuts);
    const buttons = new Map();
    const totals = data.statuses.map(() => 0);
    for (const item of all) totals[item.status] += 1;
    data.statuses.forEach((status, number) => {
      if (!totals[number]) return;
      const button = make("button", { type: "button", "aria-pressed": "false" }, `${status} ${totals[number].toLocaleString("en")}`);
      button.addEventListener("click", () => {
        if (state.statuses.has(number)) state.statuses.delete(number); else state.statuses.add(number);
        apply(true);
      });
      buttons.set(number, button);
      chips.append(button);
    });
    chips.append(count);

    const remember = () => {
      const parts = new URLSearchParams();
      if (input.value.trim()) parts.set("q", input.value.trim());
      if (state.statuses.size) parts.set("s", [...state.statuses].map((number) => data.statuses[number]).join(","));
      if (state.phase) parts.set("p", state.phase);
      if (state.tag) parts.set("t", state.tag);
      if (state.kind) parts.set("k", state.kind);
      const query = parts.toString();
      if (query) history.replaceState(null, "", `#results?${query}`);
      else if (location.hash.startsWith("#results?")) history.replaceState(null, "", "#results");
    };
    const apply = (keep) => {
      state.words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      state.phase = phase.value;
      state.tag = tag.value;
      state.kind = kind.value;
      for (const [number, button] of buttons) button.setAttribute("aria-pressed", String(state.statuses.has(number)));
      const inPhase = data.phases.findIndex(([name]) => name === state.phase);
      const tagged = data.tags.indexOf(state.tag);
      const idle = !state.words.length && !state.statuses.size && inPhase < 0 && tagged < 0 && !state.kind;
      shown = idle ? all : all.filter((item) =>
        (!state.statuses.size || state.statuses.has(item.status))
        && (inPhase < 0 || item.phase === inPhase)
        && (tagged < 0 || item.tags.includes(tagged))
        && (!state.kind || item.test === (state.kind === "tests"))
        && state.words.every((word) => item.text.includes(word)));
      count.textContent = idle ? `${all.length.toLocaleString("en")} ${all.length === 1 ? "result" : "results"}` : `${shown.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} results`;
      rows.style.height = `${Math.max(shown.length, 1) * ROW}px`;
      list.setAttribute("aria-rowcount", String(shown.length));
      at = -1;
      list.scrollTop = 0;
      draw(true);
      if (keep) remember();
    };
    const recall = () => {
      if (!location.hash.startsWith("#results?")) return;
      const parts = new URLSearchParams(location.hash.slice("#results?".length));
      input.value = parts.get("q") ?? "";
      phase.value = parts.get("p") ?? "";
      tag.value = parts.get("t") ?? "";
      kind.value = parts.get("k") ?? "";
      for (const box of [phase, tag, kind]) if (box.selectedIndex < 0) box.value = "";
      state.statuses = new Set((parts.get("s") ?? "").split(",").map((name) => data.statuses.indexOf(name)).filter((number) => number >= 0));
      apply(false);
    };

    tools.append(input, kind, ...(data.phases.length > 1 ? [phase] : []), ...(data.tags.length ? [tag] : []), help, chips);
    input.addEventListener("input", () => apply(true));
    for (const box of [phase, tag, kind]) box.addEventListener("change", () => apply(true));
    list.setAttribute("role", "grid");
    list.classList.add("live");
    list.replaceChildren(rows);
    list.addEventListener("scroll", () => draw(false), { passive: true });
    addEventListener("resize", () => draw(false));
    rows.addEventListener("click", (event) => {
      const node = event.target.closest(".r");
      if (!node) return;
      select(Number(node.dataset.index));
      open(at);
    });

    const cards = [...document.querySelectorAll("article.card")];
    const step = (by) => {
      if (!cards.length) return;
      const here = cards.findIndex((card) => card.getBoundingClientRect().top > 40);
      const seen = cards.findIndex((card) => Math.abs(card.getBoundingClientRect().top - 24) < 30);
      const from = seen >= 0 ? seen + by : by > 0 ? here : here - 1;
      const card = cards[Math.max(0, Math.min(cards.length - 1, from < 0 ? cards.length - 1 : from))];
      card.setAttribute("tabindex", "-1");
      card.focus({ preventScroll: true });
      card.scrollIntoView();
    };
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const focus = document.activeElement;
      if (focus === input) {
        if (event.key === "Escape") { input.value = ""; apply(true); }
        if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); list.focus(); select(0); }
        return;
      }
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(focus?.tagName ?? "")) return;
      const inside = focus === list;
      const to = (index) => { event.preventDefault(); list.focus({ preventScroll: true }); list.scrollIntoView({ block: "nearest" }); select(index); };
      const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
      if (event.key === "/") { event.preventDefault(); input.focus(); input.select(); }
      else if (event.key === "?") { event.preventDefault(); shortcuts(); }
      else if (event.key === "j") to(at + 1);
      else if (event.key === "k") to(at - 1);
      else if (event.key === "n") step(1);
      else if (event.key === "p") step(-1);
      else if (inside && event.key === "ArrowDown") to(at + 1);
      else if (inside && event.key === "ArrowUp") to(at - 1);
      else if (inside && event.key === "PageDown") to(at + page);
      else if (inside && event.key === "PageUp") to(at - page);
      else if (inside && event.key === "Home") to(0);
      else if (inside && event.key === "End") to(shown.length - 1);
      else if (inside && event.key === "Enter" && at >= 0) { event.preventDefault(); open(at); }
    });
    addEventListener("hashchange", recall);
    apply(false);
    recall();
  };

  addEventListener("hashchange", reveal);
  unpack().then(start, () => {
    tools.append(make("p", { class: "note" }, "This browser could not read the list of all results; it is in report.json beside this page."));
  }).then(reveal);
})();
