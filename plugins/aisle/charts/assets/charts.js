"use strict";
// Draws every element with `data-chart` (see aisle.charts) in the colours of its page, and again when the theme changes.
(() => {
  const SERIES = ["--series-1", "--series-2", "--series-3", "--series-4"];
  const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];
  const ROW = 18, ROW_GAP = 14, AXIS = 34, LETTERS = 26, LETTERS_OF_A_PHONE = 18;

  // A custom property may hold light-dark(…) or another property: only as a colour does the browser resolve it.
  const reader = document.createElement("span");
  reader.hidden = true;
  const colour = (name) => {
    reader.style.color = `var(${name}, currentColor)`;
    return getComputedStyle(reader).color;
  };
  const shortened = (text) => {
    const longest = innerWidth < 500 ? LETTERS_OF_A_PHONE : LETTERS;
    return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  };

  const axis = (options = {}) => ({
    beginAtZero: true,
    border: { display: false },
    grid: { color: colour("--rule") },
    ticks: { color: colour("--quiet"), maxRotation: 0, autoSkipPadding: 14 },
    ...options,
  });
  const titled = (text) => ({ display: Boolean(text), text, color: colour("--quiet") });
  const named = (labels) => axis({
    grid: { display: false },
    ticks: { color: colour("--ink"), autoSkip: false, callback: (_, place) => shortened(labels[place]) },
  });
  const figure = (value, unit) => `${value.toLocaleString("en", { maximumSignificantDigits: 4 })}${unit}`;
  const withUnit = (unit) => ({ callback: (value) => figure(value, unit), color: colour("--quiet"), maxTicksLimit: 5 });

  const line = (series, nth, points) => ({
    label: series.name,
    data: points,
    borderColor: colour(SERIES[nth % SERIES.length]),
    backgroundColor: colour(SERIES[nth % SERIES.length]),
    borderDash: DASHES[nth % DASHES.length],
    borderWidth: 2,
    pointRadius: points.length > 40 ? 0 : 2.5,
    spanGaps: true,
  });
  const bar = (series, nth) => ({
    label: series.name,
    data: series.values,
    backgroundColor: colour(SERIES[nth % SERIES.length]),
    maxBarThickness: ROW,
  });
  const ofLevels = (levels) => levels.map((level) => colour(`--${level}`));

  /** A value in a tooltip, or the two ends of an interval. */
  const said = ({ dataset, raw, parsed, chart }, unit) => {
    const value = chart.options.indexAxis === "y" ? parsed.x : parsed.y;
    const text = Array.isArray(raw) ? raw.map((end) => figure(end, unit)).join(" to ") : figure(value, unit);
    return `${dataset.label}: ${text}`;
  };

  const KINDS = {
    trend: ({ labels, series, levels }) => ({
      type: "bar",
      data: { labels, datasets: [{ data: series[0].values, backgroundColor: ofLevels(levels), minBarLength: 3, borderRadius: 1.5, barPercentage: 0.8, categoryPercentage: 1 }] },
      options: {
        scales: { x: { display: false }, y: { display: false, beginAtZero: true } },
        plugins: { tooltip: { displayColors: false, callbacks: { label: () => "" }, filter: (item) => item.label !== "" } },
      },
    }),
    lines: ({ labels, series, axis: title, measure, unit }) => ({
      type: "line",
      data: { labels, datasets: series.map((of, nth) => line(of, nth, of.values)) },
      options: { scales: { x: axis({ grid: { display: false }, title: titled(title) }), y: axis({ ticks: withUnit(unit), title: titled(measure) }) } },
    }),
    curves: ({ steps, series, axis: title, measure, unit }) => ({
      type: "line",
      data: { datasets: series.map((of, nth) => line(of, nth, of.values.map((y, place) => ({ x: steps[place], y })))) },
      options: { scales: { x: axis({ type: "linear", title: titled(title) }), y: axis({ ticks: withUnit(unit), title: titled(measure) }) } },
    }),
    columns: ({ labels, series, axis: title, measure, unit }) => ({
      type: "bar",
      data: { labels, datasets: series.map(bar) },
      options: { scales: { x: axis({ stacked: true, grid: { display: false }, title: titled(title) }), y: axis({ stacked: true, ticks: withUnit(unit), title: titled(measure) }) } },
    }),
    comparison: ({ labels, series, measure, unit }) => ({
      type: "bar",
      data: { labels, datasets: series.map(bar) },
      options: { indexAxis: "y", scales: { x: axis({ ticks: withUnit(unit), title: titled(measure) }), y: named(labels) } },
    }),
    intervals: ({ labels, series: [of], levels, measure, unit }) => ({
      type: "bar",
      data: {
        labels,
        datasets: [
          { label: `${of.name}: interval`, data: of.ends, backgroundColor: colour("--ink"), barThickness: 3, grouped: false },
          { label: of.name, data: of.values, backgroundColor: ofLevels(levels), barThickness: ROW, grouped: false },
        ],
      },
      options: { indexAxis: "y", scales: { x: axis({ ticks: withUnit(unit), title: titled(measure) }), y: named(labels) } },
    }),
  };

  const height = ({ kind, labels, series }) => {
    if (kind === "intervals") return labels.length * (ROW + ROW_GAP) + AXIS * 2;
    if (kind === "comparison") return labels.length * (ROW * series.length + ROW_GAP) + AXIS * 2;
    return null;
  };

  const draw = (element) => {
    const described = JSON.parse(element.dataset.chart);
    const config = KINDS[described.kind](described);
    const isBars = config.type === "bar";
    const plugins = {
      legend: { display: described.series.length > 1, labels: { color: colour("--ink"), boxWidth: isBars ? 12 : 24, boxHeight: isBars ? 12 : 0 } },
      tooltip: { callbacks: { label: (item) => said(item, described.unit) } },
    };
    config.options = {
      animation: false,
      maintainAspectRatio: false,
      ...config.options,
      plugins: { ...plugins, ...config.options.plugins },
    };
    const canvas = element.querySelector("canvas") ?? element.appendChild(document.createElement("canvas"));
    const pixels = height(described);
    if (pixels) element.style.height = `${pixels}px`;
    Chart.getChart(canvas)?.destroy();
    new Chart(canvas, config);
  };

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

  const begin = () => {
    document.body.append(reader);
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawAll();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
