"use strict";
// What a page can do beyond showing itself: it draws its charts at the width that there is, narrows down its lists,
// saves its tables, and changes between light and dark. Texts are never made into markup.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  const SERIES = ["var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)", "var(--series-5)", "var(--series-6)"];
  const NARROW = 560;
  const short = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  const unique = (values) => [...new Set(values)];
  const rounded = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
  const style = { background: "none", fontFamily: "inherit", fontSize: "12px", color: "var(--text)", overflow: "visible" };
  // what is written across a chart's lines stays legible
  const OVER_LINES = { fill: "var(--text)", stroke: "var(--surface)", strokeWidth: 4 };
  const tip = (options) => ({ fill: "var(--surface)", stroke: "var(--line)", fontSize: 12, ...options });

  function legend(figure, names) {
    if (names.length < 2) return;
    const list = document.createElement("div");
    list.className = "legend";
    names.forEach((name, place) => {
      const entry = document.createElement("span");
      const mark = document.createElement("i");
      mark.style.background = SERIES[place % SERIES.length];
      entry.append(mark, name);
      list.append(entry);
    });
    figure.append(list);
  }

  // room for names beside a chart: as much as the longest takes, at most a good third
  const roomFor = (labels, width) => Math.min(Math.round(width * 0.36), 16 + 7 * Math.max(...labels.map((one) => one.length)));
  const fitting = (room) => (label) => short(label, Math.max(6, Math.floor(room / 6.6)));

  const draw = {
    intervals({ rows, axis, differences }, width) {
      const labels = unique(rows.map((row) => row.label));
      const series = unique(rows.map((row) => row.series));
      const narrow = width < NARROW;
      const left = narrow ? 8 : roomFor(labels, width);
      const step = 18 * series.length + (narrow ? 30 : 16);
      const offset = (name) => (series.indexOf(name) - (series.length - 1) / 2) * 16 + (narrow ? 9 : 0);
      const color = (row) =>
        series.length > 1 ? SERIES[series.indexOf(row.series) % SERIES.length]
          : row.tone === "better" ? "var(--better)" : row.tone === "worse" ? "var(--worse)" : differences ? "var(--neither)" : SERIES[0];
      const marks = [];
      if (differences) marks.push(Plot.ruleX([0], { stroke: "var(--text)" }));
      for (const name of series) {
        const own = rows.filter((row) => row.series === name);
        const place = { y: "label", dy: offset(name) };
        marks.push(
          Plot.ruleY(own, { ...place, x1: "low", x2: "high", stroke: color, strokeWidth: 2.5, strokeLinecap: "round" }),
          Plot.dot(own, { ...place, x: "value", r: 5, fill: (row) => (differences && !row.tone ? "var(--surface)" : color(row)), stroke: color, strokeWidth: 2 }),
        );
        if (!narrow) marks.push(Plot.text(own, { ...place, text: "text", frameAnchor: "right", dx: 14, textAnchor: "start", fill: "var(--text)", fontVariant: "tabular-nums" }));
      }
      if (narrow) marks.push(Plot.text(labels, { y: (one) => one, text: (one) => one, frameAnchor: "left", textAnchor: "start", dy: -step / 2 + 10, fontWeight: 600, ...OVER_LINES }));
      if (narrow && series.length === 1) marks.push(Plot.text(rows, { y: "label", text: "text", frameAnchor: "right", textAnchor: "end", dy: -step / 2 + 10, fontVariant: "tabular-nums", ...OVER_LINES }));
      marks.push(Plot.tip(rows, Plot.pointer(tip({ x: "value", y: "label", title: (row) => `${row.label}${series.length > 1 ? `, ${row.series}` : ""}\n${row.text}`, maxRadius: 60 }))));
      const ends = rows.flatMap((row) => [row.low, row.high]).concat(differences ? [0] : []);
      return {
        legend: series.length > 1 ? series : [],
        plot: {
          height: labels.length * step + 50, marginLeft: left, marginRight: narrow ? 16 : 190, marginTop: 8, marginBottom: 40,
          x: { label: axis, grid: true, domain: padded(Math.min(...ends), Math.max(...ends)), ticks: narrow ? 4 : 8, labelAnchor: "center", labelArrow: "none" },
          y: { domain: labels, label: null, axis: narrow ? null : "left", tickSize: 0, tickFormat: fitting(left) },
          marks,
        },
      };
    },

    bars({ rows, axis }, width) {
      const labels = unique(rows.map((row) => row.label));
      const parts = unique(rows.map((row) => row.part));
      const left = roomFor(labels, width);
      const fill = (row) => SERIES[parts.indexOf(row.part) % SERIES.length];
      const whole = labels.map((label) => {
        const own = rows.filter((row) => row.label === label);
        return { label, value: own.reduce((sum, row) => sum + row.value, 0), text: own.length > 1 ? "" : own[0].text };
      });
      const stacked = { x: "value", y: "label", fill, z: "part", title: (row) => `${row.label}${row.part ? `, ${row.part}` : ""}\n${row.text}` };
      return {
        legend: parts.length > 1 ? parts : [],
        plot: {
          height: labels.length * 30 + 44, marginLeft: left, marginRight: 64, marginTop: 4, marginBottom: 36,
          x: { label: axis, grid: true, ticks: width < NARROW ? 3 : 6, tickFormat: "~s", labelAnchor: "center", labelArrow: "none" },
          y: { domain: labels, label: null, tickSize: 0, tickFormat: fitting(left), padding: 0.25 },
          marks: [
            Plot.barX(rows, Plot.stackX({ ...stacked, rx: 2 })),
            Plot.text(whole, { x: "value", y: "label", text: (row) => row.text || rounded(row.value), dx: 6, textAnchor: "start" }),
            Plot.tip(rows, Plot.pointer(Plot.stackX(tip(stacked)))),
          ],
        },
      };
    },

    heat({ rows }, width) {
      const across = unique(rows.map((row) => row.column));
      const down = unique(rows.map((row) => row.row));
      const left = roomFor(down, width);
      const wide = Math.min(width, left + across.length * 150 + 20);
      const room = (wide - left) / across.length;
      const most = Math.max(...rows.map((row) => row.share), 0.01);
      const shade = (row) => Math.round((row.share / most) * 100);
      return {
        legend: [],
        plot: {
          width: wide, height: down.length * 26 + 34, marginLeft: left, marginTop: 28, marginRight: 4, marginBottom: 4, padding: 0.06,
          x: { domain: across, axis: "top", label: null, tickSize: 0, tickFormat: fitting(room) },
          y: { domain: down, label: null, tickSize: 0, tickFormat: fitting(left) },
          marks: [
            Plot.cell(rows, { x: "column", y: "row", rx: 3, fill: { value: (row) => `color-mix(in oklab, var(--series-1) ${shade(row)}%, var(--shade))`, scale: null } }),
            Plot.text(rows, { x: "column", y: "row", text: (row) => (100 * row.share).toFixed(room > 60 ? 1 : 0), fill: { value: (row) => (shade(row) > 65 ? "var(--on-series)" : "var(--text)"), scale: null } }),
            Plot.tip(rows, Plot.pointer(tip({ x: "column", y: "row", title: (row) => `${row.row}, ${row.column}\n${(100 * row.share).toFixed(1)} %: ${row.text}` }))),
          ],
        },
      };
    },

    lines({ rows, across, up }, width) {
      const series = unique(rows.map((row) => row.series));
      const stroke = (row) => SERIES[series.indexOf(row.series) % SERIES.length];
      const places = rows.map((row) => row.x);
      // steps are whole, and so are the ticks between them
      const whole = places.every(Number.isInteger);
      const span = Math.max(1, Math.max(...places) - Math.min(...places));
      return {
        legend: series.length > 1 ? series : [],
        plot: {
          height: 240, marginLeft: 52, marginTop: 28, marginBottom: 38,
          x: { label: across, ticks: Math.min(width < NARROW ? 4 : 8, whole ? span : Infinity), labelAnchor: "center", labelArrow: "none" },
          y: { label: up, grid: true, nice: true, labelArrow: "none", ticks: 5, zero: up !== "loss" },
          marks: [
            Plot.lineY(rows, { x: "x", y: "y", z: (row) => row.series + row.piece, stroke, strokeWidth: 2, curve: "linear" }),
            rows.length < 60 ? Plot.dot(rows, { x: "x", y: "y", fill: stroke, r: 2.5 }) : null,
            Plot.tip(rows, Plot.pointerX(tip({ x: "x", y: "y", title: (row) => `${across} ${rounded(row.x)}${row.series ? `, ${row.series}` : ""}\n${up} ${row.y}` }))),
          ],
        },
      };
    },

    histogram({ rows, across }, width) {
      const series = unique(rows.map((row) => row.series));
      const fill = (row) => SERIES[series.indexOf(row.series) % SERIES.length];
      const bins = { x1: "low", x2: "high", y: "count", fill, z: "series", title: (row) => `${rounded(row.low)} to ${rounded(row.high - 1)} ${across}\n${rounded(row.count)} ${row.series}` };
      return {
        legend: series,
        plot: {
          height: 230, marginLeft: 52, marginTop: 28, marginBottom: 38,
          x: { label: across, ticks: width < NARROW ? 4 : 8, labelAnchor: "center", labelArrow: "none" },
          y: { label: "paths", grid: true, ticks: 4, labelArrow: "none" },
          marks: [Plot.rectY(rows, Plot.stackY({ ...bins, inset: 0.5 })), Plot.ruleY([0], { stroke: "var(--line)" }),
            Plot.tip(rows.filter((row) => row.count), Plot.pointerX(tip({ x: (row) => (row.low + row.high) / 2, y: "count", title: bins.title })))],
        },
      };
    },
  };

  function padded(low, high) {
    const room = (high - low || 1) * 0.04;
    return [low - room, high + room];
  }

  const drawn = new WeakMap();
  function show(box) {
    const width = Math.floor(box.clientWidth);
    if (!width || drawn.get(box) === width) return;
    drawn.set(box, width);
    const data = JSON.parse(box.dataset.chart);
    const { plot, legend: names } = draw[data.kind](data, width);
    box.replaceChildren();
    legend(box, names);
    box.append(Plot.plot({ width, style, ...plot }));
  }
  const watched = new ResizeObserver((entries) => entries.forEach((entry) => show(entry.target)));
  for (const box of document.querySelectorAll("[data-chart]")) watched.observe(box);

  // lists ------------------------------------------------------------------------------------------------------------
  const texts = new WeakMap();
  const textOf = (entry) => {
    if (!texts.has(entry)) texts.set(entry, entry.textContent.toLowerCase());
    return texts.get(entry);
  };
  const A_SCREEN = 25;
  for (const form of document.querySelectorAll("form.filters")) {
    const list = document.getElementById(form.dataset.of);
    const entries = [...list.children];
    const search = form.querySelector("[data-search]");
    const count = form.querySelector("output");
    const more = document.createElement("button");
    more.type = "button";
    more.className = "more";
    list.after(more);
    let room = A_SCREEN;
    const narrow = () => {
      const wanted = [...form.querySelectorAll("select")].filter((one) => one.value).map((one) => [one.dataset.by, one.value]);
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const entry of entries) {
        const fits = wanted.every(([name, value]) => entry.dataset[name].split("\n").includes(value)) && words.every((word) => textOf(entry).includes(word));
        found += fits;
        entry.hidden = !fits || found > room;
      }
      count.textContent = `${found.toLocaleString("en")} found`;
      more.hidden = found <= room;
      more.textContent = `Show ${Math.min(A_SCREEN, found - room)} more`;
    };
    form.addEventListener("input", () => { room = A_SCREEN; narrow(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    more.addEventListener("click", () => { room += A_SCREEN; narrow(); });
    narrow();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const open = document.activeElement?.closest(".list > details");
    if (event.key === "/") {
      const search = (open?.closest(".list").previousElementSibling ?? document).querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (open && (event.key === "j" || event.key === "k")) {
      let next = open;
      do next = event.key === "j" ? next.nextElementSibling : next.previousElementSibling; while (next?.hidden);
      next?.querySelector("summary").focus();
    }
  });

  // tables, theme, paper ---------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.csv");
    if (!button) return;
    const address = URL.createObjectURL(new Blob(["\ufeff", button.dataset.csv], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });

  const dark = () => (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  document.getElementById("theme").addEventListener("click", () => { root.style.colorScheme = dark() ? "light" : "dark"; });
})();
