"use strict";
// Shows where one rule was checked: that is where its family was, which has a cell in each tile.
(() => {
  const rule = document.getElementById("rule");
  rule.parentElement.hidden = false;
  rule.addEventListener("change", () => {
    const chosen = rule.value === "" ? -1 : Number(rule.value);
    for (const tile of document.querySelectorAll(".tiles li")) {
      const cells = tile.querySelectorAll("u i");
      cells.forEach((cell, place) => { cell.hidden = chosen >= 0 && place !== chosen; });
      if (chosen < 0) delete tile.dataset.rule;
      else tile.dataset.rule = cells[chosen].className;
    }
  });
})();
// Shows the findings: a list of which only the rows in sight exist, and the one that is selected. Every
// text goes into the page as text, never as markup.
(() => {
  const HEIGHT = 48;
  const groups = JSON.parse(document.getElementById("data").textContent);
  const [list, rows, detail, search, count] = ["list", "rows", "detail", "search", "count"]
    .map((id) => document.getElementById(id));
  if (!list) return;
  document.querySelector(".tools").hidden = document.querySelector(".panes").hidden = false;

  // Every finding with its group, and what it is searched by, made when it is first asked for.
  const all = groups.flatMap((group, of) => group.findings.map((finding) => ({ group, of, finding })));
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  const haystack = (item) => item.text ??= [
    item.group.name, item.group.cause, item.group.class, item.finding.case, item.finding.command, item.finding.opcode,
    item.finding.site, item.finding.place, item.finding.expected, item.finding.observed,
  ].join("\n").toLowerCase();

  let shown = []; // rows: a group's head, or an item
  let items = []; // positions in `shown` of the items
  let at = -1; // position in `items`

  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const filter = () => {
    const selected = at >= 0 ? shown[items[at]] : undefined;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = all.filter((item) => words.every((word) => haystack(item).includes(word)));
    shown = [];
    items = [];
    let last;
    for (const item of wanted) {
      if (item.of !== last) shown.push({ head: item.group });
      last = item.of;
      items.push(shown.length);
      shown.push(item);
    }
    count.textContent = words.length
      ? `${wanted.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`
      : total > all.length
        ? `${all.length.toLocaleString("en")} of ${total.toLocaleString("en")} findings, the smallest`
        : `${all.length.toLocaleString("en")} findings`;
    rows.style.height = `${shown.length * HEIGHT}px`;
    const kept = items.findIndex((row) => shown[row] === selected);
    select(kept >= 0 ? kept : items.length ? 0 : -1, false);
  };

  const row = (index) => {
    const { head, group, finding } = shown[index];
    const element = make("div", head ? `row head ${head.class}` : "row");
    element.style.top = `${index * HEIGHT}px`;
    if (head) {
      element.append(make("span", "", head.cause ? `${head.name}  ${head.cause}` : head.name), make("small", "", head.promise));
      return element;
    }
    element.setAttribute("role", "option");
    element.id = `row-${index}`;
    element.setAttribute("aria-selected", String(index === items[at]));
    element.dataset.row = index;
    const size = finding.bytes === undefined ? "" : `${finding.bytes.toLocaleString("en")} bytes · `;
    element.append(
      make("span", "", finding.observed || group.name),
      make("small", "", `${size}${finding.opcode ? `${finding.opcode} · ` : ""}${finding.case}`),
    );
    return element;
  };

  const draw = () => {
    const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 5);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / HEIGHT) + 5);
    rows.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, n) => row(first + n)));
    if (at >= 0) list.setAttribute("aria-activedescendant", `row-${items[at]}`);
    else list.removeAttribute("aria-activedescendant");
  };

  const select = (position, move = true) => {
    at = position;
    if (at >= 0) {
      const top = items[at] * HEIGHT;
      // The head of the group stays in sight above its first finding.
      const above = shown[items[at] - 1]?.head ? HEIGHT : 0;
      if (top - above < list.scrollTop) list.scrollTop = top - above;
      else if (top + HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = top + HEIGHT - list.clientHeight;
    }
    draw();
    show(at >= 0 ? shown[items[at]] : undefined);
    if (move) detail.scrollTop = 0;
  };

  // A value with what differs from the other side marked: all but what both begin and end with.
  const marked = (tag, mine, other) => {
    const element = make(tag);
    let start = 0;
    while (start < mine.length && start < other.length && mine[start] === other[start]) start += 1;
    let end = 0;
    while (end < mine.length - start && end < other.length - start
      && mine[mine.length - 1 - end] === other[other.length - 1 - end]) end += 1;
    const middle = mine.slice(start, mine.length - end);
    element.append(mine.slice(0, start));
    if (middle) element.append(make("mark", "", middle));
    element.append(mine.slice(mine.length - end));
    return element;
  };

  const states = (state) => {
    const table = make("table", "state");
    const head = table.createTHead().insertRow();
    for (const title of ["", "oracle", "subject"]) {
      const cell = make("th", "", title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [what, expected, observed, mark] of state) {
      const line = body.insertRow();
      if (mark === "!") line.className = "differs";
      line.append(make("td", "", what));
      if (mark === "!") line.append(marked("td", expected, observed), marked("td", observed, expected));
      else line.append(make("td", "", expected), make("td", mark === "?" ? "unread" : "", observed));
    }
    const scroll = make("div", "scroll");
    scroll.append(table);
    return scroll;
  };

  const listing = (lines) => {
    const code = make("pre");
    for (const line of lines) {
      const here = line.startsWith(">");
      code.append(make("span", here ? "here" : "", line), "\n");
    }
    return code;
  };

  // Where one is in the steps of the finding that is shown: the finding itself is behind the last of them.
  let walked = 0;
  const walk = (by) => {
    const { finding } = at >= 0 ? shown[items[at]] : {};
    if (!finding?.steps) return;
    walked = Math.min(finding.steps.length, Math.max(0, walked + by));
    document.getElementById("walk").replaceWith(walker(finding));
  };
  const walker = (finding) => {
    const steps = finding.steps;
    const here = make("div");
    here.id = "walk";
    here.setAttribute("role", "group");
    const bar = make("p", "walk");
    const button = (text, name, by, end) => {
      const element = make("button", "", text);
      element.type = "button";
      element.setAttribute("aria-label", name);
      element.disabled = walked === end;
      element.addEventListener("click", () => {
        walk(by);
        document.querySelector(`#walk button[aria-label="${name}"]`).focus();
      });
      return element;
    };
    const step = steps[walked];
    const words = step ? `event ${step.event.toLocaleString("en")}: ${step.opcode}` : "the finding";
    bar.append(
      button("←", "one step back", -1, 0),
      make("span", "", `step ${walked + 1} of ${steps.length + 1}, ${words}`),
      button("→", "one step on", 1, steps.length),
    );
    here.append(bar);
    if (step) here.append(make("p", "source", step.place), states(step.state ?? []));
    else here.append(states(finding.state ?? []));
    return here;
  };

  // The program that should show the finding, or why there is none.
  const reproducer = ({ text, none }) => {
    const here = make("div", "reproducer");
    const words = none ? `None: ${none}. ` : "";
    here.append(make("p", "source", `${words}“lockstep report” with the case's file makes the case smaller, then compiles and runs a program.`));
    ["Cargo.toml", "src/main.rs"].forEach((name, index) => {
      if (!text) return;
      const file = make("details");
      file.append(make("summary", "", name), make("pre", "", text[index]));
      here.append(file);
    });
    return here;
  };

  const show = (item) => {
    if (!item) {
      detail.replaceChildren(make("p", "empty", "No finding has all of these words."));
      return;
    }
    const { group, finding } = item;
    const parts = [make("h3", "", group.cause ? `${group.name}, explained by ${group.cause}` : group.name)];
    parts.push(make("p", "", group.strength ? `${group.promise} (${group.strength})` : group.promise));
    if (group.source) parts.push(make("p", "source", group.source));
    if (group.explained) parts.push(make("p", "source", `${group.cause}: ${group.explained}`));
    const facts = make("dl", "facts");
    const fact = (what, value) => {
      if (value) facts.append(make("dt", "", what), value instanceof Node ? value : make("dd", "", value));
    };
    fact("case", finding.case);
    fact("command", finding.command);
    fact("where", finding.place);
    if (finding.expected) {
      fact("expected", marked("dd", finding.expected, finding.observed));
      fact("observed", marked("dd", finding.observed, finding.expected));
    } else fact("what", finding.observed);
    parts.push(facts);
    const part = (title, element) => parts.push(make("h4", "", title), element);
    if (finding.bare) parts.push(make("p", "source", "The evidence is left out: smaller cases of this group have it. The replay shows it."));
    walked = finding.steps?.length ?? 0;
    if (finding.steps) part("Both states, and the steps before", walker(finding));
    else if (finding.state) part("Both states", states(finding.state));
    if (finding.listing) part(`Code: ${finding.site} (${finding.opcode})`, listing(finding.listing));
    if (finding.about) part("Configuration and schedule", make("pre", "", finding.about));
    if (finding.reproducer) part("Reproducer, not run", reproducer(finding.reproducer));
    if (finding.replay) part("Replay", make("pre", "replay", finding.replay));
    detail.replaceChildren(...parts);
  };

  const step = (by) => {
    const next = Math.min(items.length - 1, Math.max(0, at + by));
    if (items.length && next !== at) select(next);
  };
  const group = (by) => {
    if (at < 0) return;
    const of = (position) => shown[items[position]].of;
    const first = (position) => items.findIndex((row) => shown[row].of === of(position));
    const begin = first(at);
    if (by < 0) select(begin < at || begin === 0 ? begin : first(begin - 1));
    else {
      const next = items.findIndex((row) => shown[row].of > of(at));
      if (next >= 0) select(next);
    }
  };

  const keys = {
    h: () => walk(-1), l: () => walk(1),
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    ArrowRight: () => group(1), ArrowLeft: () => group(-1),
    Home: () => step(-items.length), End: () => step(items.length),
    PageDown: () => step(10), PageUp: () => step(-10),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.localName === "select") return;
    const typing = event.target === search;
    if (event.key === "Escape" && typing) {
      search.value = "";
      filter();
      list.focus();
    } else if (typing) {
      if (event.key === "Enter" || event.key === "ArrowDown") list.focus();
      else return;
    } else if (event.key === "/") search.focus();
    // The arrows scroll the page, unless the list has the focus.
    else if (event.key in keys && (event.key.length === 1 || document.activeElement === list)) keys[event.key]();
    else return;
    event.preventDefault();
  });
  search.addEventListener("input", filter);
  list.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(list);
  rows.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-row]");
    if (chosen) select(items.indexOf(Number(chosen.dataset.row)));
  });
  document.querySelectorAll("[data-group]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    search.value = "";
    filter();
    const position = items.findIndex((row) => shown[row].of === Number(link.dataset.group));
    if (position >= 0) select(position);
    document.querySelector(".tools").scrollIntoView({ block: "start" });
    list.focus({ preventScroll: true });
  }));
  filter();
  document.documentElement.dataset.ready = "yes";
})();
