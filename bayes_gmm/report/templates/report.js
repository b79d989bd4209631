"use strict";
// Highlights a segment everywhere, draws the chosen features, sorts tables and filters rows.
// The page is complete without this script.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("numbers").textContent);
  const say = (text) => { $("status").textContent = text; };

  // Highlight: a pinned segment stays, a hovered or focused one is shown for the moment.
  let pinned = null;
  function light(segment) {
    if (segment === null) root.removeAttribute("data-lit");
    else root.dataset.lit = segment;
    for (const part of document.querySelectorAll("[data-seg]")) {
      part.classList.toggle("lit", segment !== null && part.dataset.seg === segment);
    }
  }
  function pin(segment) {
    pinned = segment === pinned ? null : segment;
    light(pinned);
    for (const button of document.querySelectorAll(".toolbar [data-seg]")) {
      button.setAttribute("aria-pressed", String(button.dataset.seg === pinned));
    }
    say(pinned === null ? "All segments are shown" : `${data.names[pinned]} is highlighted`);
  }
  const hoverable = ".toolbar [data-seg], svg:not(.strip) [data-seg], .chip[data-seg], tr[data-seg]";
  const over = (event) => {
    const part = event.target.closest(hoverable);
    light(part ? part.dataset.seg : pinned);
  };
  document.addEventListener("mouseover", over);
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(":focus-visible")) over(event);
  });
  document.addEventListener("focusout", () => light(pinned));
  document.addEventListener("mouseleave", () => light(pinned));
  document.addEventListener("click", (event) => {
    if (event.target.closest("#clear")) {
      if (pinned !== null) pin(pinned);
      return;
    }
    const part = event.target.closest(".toolbar [data-seg], svg:not(.strip) [data-seg]");
    if (part) pin(part.dataset.seg);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pinned !== null) pin(pinned);
  });

  // Sort: a click on a heading sorts by the numbers of its column, or else by its text.
  const key = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? cell.dataset.sort : cell.textContent.trim();
  };
  function compare(a, b) {
    if ((a === "") !== (b === "")) return a === "" ? 1 : -1; // missing cells last
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
  }
  function sort(heading) {
    const table = heading.closest("table"), column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    if (table.id === "found-rows") {
      order = { column, down };
      list();
      return;
    }
    const rows = Array.from(table.tBodies[0].rows, (row) => [key(row, column), row]);
    rows.sort(([a], [b]) => (a === "" || b === "" || !down ? compare(a, b) : compare(b, a)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }
  function sortable(table) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(heading));
      heading.append(button);
    }
  }

  // Scatter: positions are linear on the scale of the model, so ellipses need no transformation.
  const picture = $("scatter");
  const place = (axis, from, to) => (x) => from + (x - axis.low) / (axis.high - axis.low) * (to - from);
  const svg = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const short = (x) => String(Math.round(10 * x) / 10);
  const isolated = (name, most) => {
    const points = Array.from(name.replace(/\s+/g, " ").trim()), half = Math.floor((most - 1) / 2);
    if (points.length <= most) return `\u2068${points.join("")}\u2069`;
    return `\u2068${points.slice(0, half).join("").trimEnd()}…${points.slice(-half).join("").trimStart()}\u2069`;
  };
  function outline(k, i, j, radius, x, y) {
    const c = data.covariance[k], a = Math.sqrt(c[i][i]), b = c[i][j] / a;
    const d = Math.sqrt(Math.max(c[j][j] - b * b, 0));
    const points = [];
    for (let n = 0; n < 64; n++) {
      const u = radius * Math.cos(n * Math.PI / 32), v = radius * Math.sin(n * Math.PI / 32);
      points.push(`${short(x(data.mean[k][i] + a * u))} ${short(y(data.mean[k][j] + b * u + d * v))}`);
    }
    return `M${points.join("L")}Z`;
  }
  function draw(i, j) {
    const [width, height, left, right, top, bottom] = data.frame;
    const x = place(data.axes[i], left, width - right), y = place(data.axes[j], height - bottom, top);
    const lines = [];
    for (const [at, label] of data.axes[i].ticks) {
      const p = short(x(at));
      lines.push(svg("line", { x1: p, x2: p, y1: height - bottom, y2: top, class: "grid" }));
      lines.push(svg("text", { x: p, y: height - bottom + 18, "text-anchor": "middle", class: "tick" }, label));
    }
    for (const [at, label] of data.axes[j].ticks) {
      const p = y(at);
      lines.push(svg("line", { x1: left, x2: width - right, y1: short(p), y2: short(p), class: "grid" }));
      lines.push(svg("text", { x: left - 7, y: short(p + 4), "text-anchor": "end", class: "tick" }, label));
    }
    $("axes").replaceChildren(...lines);
    let undrawn = 0;
    for (const dot of $("points").querySelectorAll("circle")) {
      const a = data.rows.x[i][dot.dataset.n], b = data.rows.x[j][dot.dataset.n];
      if (a === null || b === null) {
        dot.setAttribute("display", "none");
        undrawn += 1;
      } else {
        dot.removeAttribute("display");
        dot.setAttribute("cx", short(x(a)));
        dot.setAttribute("cy", short(y(b)));
      }
    }
    for (const group of $("ellipses").children) {
      const k = Number(group.dataset.seg);
      group.querySelectorAll(".ellipse").forEach((path, n) => {
        path.setAttribute("d", outline(k, i, j, data.radii[n], x, y));
      });
      const cx = short(x(data.mean[k][i])), cy = y(data.mean[k][j]);
      group.querySelector(".badge").setAttribute("cx", cx);
      group.querySelector(".badge").setAttribute("cy", short(cy));
      group.querySelector(".badge-text").setAttribute("x", cx);
      group.querySelector(".badge-text").setAttribute("y", short(cy + 4));
    }
    for (const cell of document.querySelectorAll(".centres [data-feature]")) {
      cell.hidden = ![i, j].includes(Number(cell.dataset.feature));
    }
    $("x-name").textContent = isolated(data.features[i], 60);
    $("y-name").textContent = isolated(data.features[j], 48);
    picture.querySelector("title").textContent =
      `Rows and segments by ${data.features[i]} and ${data.features[j]}`;
    if ($("undrawn")) {
      $("undrawn").textContent = undrawn ? `${undrawn} rows lack one of these two values and are not drawn.` : "";
    }
  }
  function choose(changed, other) {
    if (changed.value === other.value) other.value = changed.dataset.before;
    changed.dataset.before = changed.value;
    other.dataset.before = other.value;
    draw(Number($("x-feature").value), Number($("y-feature").value));
    say(picture.querySelector("title").textContent);
  }
  if (picture) {
    const [a, b] = [$("x-feature"), $("y-feature")];
    for (const [one, other] of [[a, b], [b, a]]) {
      one.value = one === a ? "0" : "1"; // browsers restore earlier choices
      one.dataset.before = one.value;
      one.addEventListener("change", () => choose(one, other));
    }
    draw(0, 1);
  }

  // Rows: list those of a segment with a certainty between two bounds.
  const most = 25;
  let order = { column: null, down: false };
  const value = (n, column) => {
    const rows = data.rows;
    if (column === 0) return rows.label[n];
    if (column === 1) return rows.segment[n];
    if (column === 2) return rows.probability[n];
    return (rows.u[column - 3] || rows.x[column - 3])[n];
  };
  const percent = (p) => {
    if (p === 1 || p < 0.995) return `${Math.round(100 * p)} %`;
    return p >= 0.9995 ? "> 99.9 %" : `${(100 * p).toFixed(1)} %`;
  };
  const asText = (x) => (x === null ? "missing" : x.toLocaleString("en", { maximumSignificantDigits: 6 }));
  function bounds() {
    const low = Number($("least").value) / 100, high = Number($("most").value) / 100;
    document.querySelector("output[for=least]").textContent = `${$("least").value} %`;
    document.querySelector("output[for=most]").textContent = `${$("most").value} %`;
    return [low, high];
  }
  function list() {
    const [low, high] = bounds(), of = $("of-segment").value, rows = data.rows, found = [];
    const inside = rows.probability.map((p, n) => p >= low && p <= high && (of === "" || rows.segment[n] === Number(of)));
    inside.forEach((is, n) => { if (is) found.push(n); });
    if (picture) {
      for (const dot of $("points").querySelectorAll("circle")) dot.classList.toggle("out", !inside[dot.dataset.n]);
    }
    if (order.column !== null) {
      const sign = order.down ? -1 : 1;
      const text = (n) => { const v = value(n, order.column); return v === null ? "" : String(v); };
      found.sort((a, b) => {
        const [p, q] = [text(a), text(b)];
        return p === "" || q === "" ? compare(p, q) : sign * compare(p, q);
      });
    }
    const shown = found.slice(0, most);
    $("found").textContent = `${found.length.toLocaleString("en")} of ${rows.label.length.toLocaleString("en")} rows` +
      (found.length > most ? `; the first ${most} are listed` : "");
    $("found-rows").tBodies[0].replaceChildren(...shown.map(lineOf));
  }
  function lineOf(n) {
    const row = document.createElement("tr"), rows = data.rows, k = rows.segment[n];
    row.dataset.seg = k;
    const cell = (name, text, className) => {
      const made = document.createElement(name), inner = document.createElement("bdi");
      inner.textContent = text;
      made.append(inner);
      if (className) made.className = className;
      row.append(made);
      return made;
    };
    cell("th", rows.label[n]).scope = "row";
    cell("td", data.names[k]);
    cell("td", percent(rows.probability[n]), "num");
    data.features.forEach((_, j) => cell("td", asText(value(n, 3 + j)), "num"));
    return row;
  }
  // Members: a file with all rows of a segment, the most certain first.
  const quoted = (text) => {
    const cell = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text; // no formulas in spreadsheets
    return /[",;\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
  };
  function save(segment) {
    const rows = "label" in data.members ? data.members : data.rows, found = [];
    rows.segment.forEach((k, n) => { if (k === segment) found.push(n); });
    found.sort((a, b) => rows.probability[b] - rows.probability[a] || a - b);
    const lines = [[data.label_name, "segment", "probability"].map(quoted).join(",")];
    for (const n of found) lines.push([quoted(rows.label[n]), quoted(data.names[segment]), rows.probability[n]].join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.download = `${data.names[segment].replace(/[^\p{L}\p{N} _-]+/gu, "_").slice(0, 60)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`${found.length.toLocaleString("en")} members of ${data.names[segment]} are saved`);
  }
  for (const button of document.querySelectorAll("[data-members]")) {
    button.addEventListener("click", () => save(Number(button.dataset.members)));
  }

  if ($("explorer") && data.rows) {
    const head = document.createElement("tr");
    for (const [n, name] of [data.label_name, "Segment", "Probability", ...data.features].entries()) {
      const heading = document.createElement("th"), inner = document.createElement("bdi");
      heading.scope = "col";
      if (n > 1) heading.className = "num";
      inner.textContent = name;
      heading.append(inner);
      head.append(heading);
    }
    $("found-rows").tHead.append(head);
    $("found-rows").classList.add("members");
    $("of-segment").value = "";
    $("least").value = "0";
    $("most").value = "100";
    for (const id of ["of-segment", "least", "most"]) $(id).addEventListener("input", list);
    list();
  }
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
