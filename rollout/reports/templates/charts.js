// Shows the charts' numbers by uPlot in place of their SVGs, which stay for screen readers: hover, zoom, pan, marks.
(() => {
  "use strict";
  const NEAR = 16, WIDE = 36, HEIGHT = 230, DAY = 86400, STYLES = {
    legacy: { dash: [7, 4], width: 2 }, candidate: { width: 2.2 },
    weight: { dash: [2, 3], width: 1.5, paths: uPlot.paths.stepped({ align: 1 }) },
    harm: { dash: [1, 3], width: 1.5 },
  };
  const TIMES = [
    [DAY * 28, "{MMM} {YYYY}", null, null, null, null, null, null, 1],
    [DAY, "{MMM} {D}", "\n{YYYY}", null, null, null, null, null, 1],
    [1, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
  ];
  let plots = [], times = [], shown = null;  // the range that was zoomed to, in seconds; null for all
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();
  const faded = (name) => `color-mix(in srgb, ${colour(name)} ${name === "harm" ? 10 : 20}%, transparent)`;
  const per_cent = (share) => `${(share * 100).toFixed(!share ? 0 : share >= 0.01 ? 1 : 2)} %`;
  const seconds = (time) => time >= 1 ? `${+time.toPrecision(3)} s` : `${+(time * 1000).toPrecision(3)} ms`;
  const tick = (unit) => unit === "s" ? seconds : (share) => `${+(share * 100).toPrecision(4)} %`;
  const clock = (time) => new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ");

  const said = (data, at, series, write, line) => {
    const value = data[series]?.[at], [low, high] = line.low ? [data[series + 1]?.[at], data[series + 2]?.[at]] : [];
    if (value == null) return "-";
    if (line.name === "harm") return `above ${write(value)}${low == null ? "" : `, tolerated to ${write(low)}`}`;
    return low == null || high == null ? write(value) : `${write(value)} (${write(low)} to ${write(high)})`;
  };
  const latest = (values) => values.findLastIndex((value) => value != null);

  const data_of = ({ lines }, { x }) => {
    const grid = [x], steps = [];
    for (const line of lines) {
      if (line.x) steps.push([line.x, line.value]);
      else grid.push(line.value, ...(line.low ? [line.low, line.high] : []));
    }
    return steps.length ? uPlot.join([grid, ...steps]) : grid;  // what one lacks is undefined, which breaks no line
  };
  const series_of = ({ lines, unit }, { ranks }) => {
    const series = [{ label: ranks ? "of requests" : "UTC", value: (u, x, _, at) => at == null ? "latest" : ranks?.[at] ?? clock(x) }], bands = [];
    const write = unit === "s" ? seconds : per_cent;
    for (const line of lines) {
      const first = series.length, { name, x } = line;
      const value = (u, _, index, at) => {
        const column = u.data[index], here = x ? latest(column.slice(0, at == null ? undefined : at + 1)) : at ?? latest(column);
        return here < 0 ? "-" : said(u.data, here, index, write, line);
      };
      series.push({ label: name, stroke: () => colour(name), points: { show: x ? false : ranks ? true : undefined, size: 5 }, value, ...STYLES[name] });
      if (!line.low) continue;
      for (let end = 0; end < 2; end += 1) series.push({ class: "bound", points: { show: false } });
      bands.push({ series: [first + 2, first + 1], fill: () => faded(name) });
    }
    return { series, bands };
  };

  const apart = (u, at) => {  // ticks whose names don't touch
    let last = -Infinity;
    return at.map((each) => u.valToPos(each, "x") - last < WIDE ? null : (last = u.valToPos(each, "x"), each));
  };
  const marks_in = (u, marks) => marks.filter(([at]) => at >= u.scales.x.min && at <= u.scales.x.max);
  const draw_marks = (u, marks) => {
    const { ctx, bbox } = u;
    ctx.save();
    for (const [at, , effect] of marks_in(u, marks)) {
      const x = u.valToPos(at, "x", true);
      ctx.strokeStyle = colour({ step: "good", back: "bad" }[effect] ?? "faint");
      ctx.lineWidth = (effect === "back" ? 2 : 1) * devicePixelRatio;
      ctx.setLineDash(effect === "change" ? [4, 4] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  const link_marks = (u, marks) => {  // each leads to its row in history
    for (const old of u.over.querySelectorAll("a")) old.remove();
    let last = -Infinity;
    for (const [at, number, effect, title] of marks_in(u, marks)) {
      const left = u.valToPos(at, "x");
      if (left - last < NEAR) continue;
      last = left;
      const link = Object.assign(document.createElement("a"), { href: `#change-${number}`, textContent: number, title, className: effect });
      link.setAttribute("aria-label", `Change ${number}: ${title}`);
      link.style.left = `${left}px`;
      link.addEventListener("mousedown", (event) => event.stopPropagation());
      u.over.append(link);
    }
  };

  const show = (low, high) => {  // in all charts over time
    if (!times.length) return;
    const [first, last] = times[0].whole, width = Math.min(Math.max(high - low, 120), last - first);
    const min = Math.min(Math.max(low, first), last - width);
    shown = width < last - first ? [min, min + width] : null;
    for (const u of times) u.setScale("x", { min, max: min + width });
  };
  const zoom = (u, factor, at = 0.5) => {
    const { min, max } = u.scales.x, middle = min + at * (max - min);
    show(middle - (middle - min) * factor, middle + (max - middle) * factor);
  };
  const pan = (u, part) => {
    const { min, max } = u.scales.x, by = part * (max - min);
    show(min + by, max + by);
  };
  const move = (u, to) => {
    const [low, high] = u.series[0].idxs, index = Math.min(Math.max(to, low), high);
    u.setCursor({ left: u.valToPos(u.data[0][index], "x"), top: u.over.clientHeight / 2 }, true, true);
  };

  const keys = (u, reader, chart) => reader.addEventListener("keydown", (event) => {
    const at = u.cursor.idx ?? u.series[0].idxs[1], moves = event.shiftKey && u.whole;
    const zooms = u.whole && { "+": () => zoom(u, 0.6), "=": () => zoom(u, 0.6), "-": () => zoom(u, 1 / 0.6), 0: () => show(...u.whole) };
    const done = {
      ArrowLeft: () => moves ? pan(u, -0.2) : move(u, at - 1), ArrowRight: () => moves ? pan(u, 0.2) : move(u, at + 1),
      Home: () => move(u, 0), End: () => move(u, Infinity), ...zooms,
    }[event.key];
    if (!done) return;
    event.preventDefault();
    done();
    tell(u, reader, chart);
  });
  const tell = (u, reader, chart) => {
    const index = u.cursor.idx ?? latest(u.data[1]), write = chart.unit === "s" ? seconds : per_cent;
    if (index < 0) return;
    const values = u.series.map((each, number) => number && each.class !== "bound" ? `${each.label} ${each.value(u, null, number, index)}` : null);
    reader.setAttribute("aria-valuenow", Math.min(index, reader.ariaValueMax));
    reader.setAttribute("aria-valuetext", `${u.series[0].value(u, u.data[0][index], 0, index)}: ${values.filter(Boolean).join(", ")}`);
  };
  const wheel = (u) => u.over.addEventListener("wheel", (event) => {  // alone it scrolls the page
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const by = event.deltaY || event.deltaX;
    if (event.shiftKey) pan(u, Math.sign(by) * 0.1);
    else zoom(u, by < 0 ? 0.8 : 1.25, u.cursor.left / u.over.clientWidth);
  }, { passive: false });
  const touch = (u) => {  // one finger reads, two zoom and pan
    const fingers = new Map();
    const spread = () => {
      const [a, b] = [...fingers.values()], box = u.over.getBoundingClientRect();
      return { width: Math.max(Math.abs(a - b), 1), middle: ((a + b) / 2 - box.left) / box.width };
    };
    u.over.addEventListener("pointerdown", (event) => event.pointerType === "touch" && fingers.set(event.pointerId, event.clientX));
    u.over.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const before = fingers.size === 2 ? spread() : null;
      fingers.set(event.pointerId, event.clientX);
      if (before) {
        const after = spread();
        pan(u, before.middle - after.middle);
        zoom(u, before.width / after.width, after.middle);
      } else {
        u.setCursor({ left: event.clientX - u.over.getBoundingClientRect().left, top: 20 }, true, true);
      }
    });
    for (const end of ["pointerup", "pointercancel"]) u.over.addEventListener(end, (event) => fingers.delete(event.pointerId));
  };

  const build = (figure, course) => {
    const chart = JSON.parse(figure.dataset.chart), plot = document.createElement("div"), { x, from, to, ranks } = course;
    plot.className = "plot";
    const reader = document.createElement("div");  // the plot by keyboard and ear, beside its links
    reader.className = "reader";
    reader.id = `${figure.id}-reader`;
    for (const [name, value] of Object.entries({
      role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": x.length - 1,
      "aria-label": `${chart.title}: arrow keys read${ranks ? "" : ", plus and minus zoom, shift and arrows move, 0 shows all"}`,
    })) reader.setAttribute(name, value);
    figure.querySelector("svg")?.classList.add("ear");
    plot.append(reader);
    figure.append(plot);
    const axis = { stroke: () => colour("faint"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const u = new uPlot({
      width: plot.clientWidth, height: HEIGHT, ...series_of(chart, course), padding: [16, 22, 0, 0],
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), "Etc/UTC"),
      scales: { x: { time: !ranks, range: (_, min, max) => min <= x[0] && max >= x.at(-1) ? [from, to] : [min, max] }, y: { range: [0, chart.top] } },
      axes: [{ ...axis, ...(ranks ? { splits: () => course.ticks, values: (u, at) => apart(u, at).map((each) => ranks[x.indexOf(each)] ?? "") } : { values: TIMES, space: 70 }) }, { ...axis, size: 62, values: (_, values) => values.map(tick(chart.unit)) }],
      cursor: { ...(ranks ? {} : { sync: { key: "rollout", scales: ["x", null] } }), y: false, drag: { x: !ranks, dist: 5 } },
      legend: { markers: { width: 2, dash: (u, index) => u.series[index].dash ? "dashed" : "solid" } },
      hooks: {
        draw: [(u) => draw_marks(u, course.marks), (u) => link_marks(u, course.marks)],
        setScale: [(u, key) => {
          const { min, max } = u.scales[key];
          if (key === "x" && !ranks) shown = min > from || max < to ? [min, max] : null;
        }],
      },
    }, data_of(chart, course), plot);
    keys(u, reader, chart);
    if (!ranks) {
      u.whole = [from, to];
      wheel(u);
      touch(u);
    }
    reader.addEventListener("focus", () => tell(u, reader, chart));
    new ResizeObserver(() => plot.clientWidth && u.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
    tell(u, reader, chart);
    return u;
  };
  const is_stale = () => plots.some((u) => !u.root.isConnected) || document.querySelector("[data-chart]:not(:has(.plot))");
  const start = () => {
    for (const u of plots) u.destroy();
    for (const old of document.querySelectorAll(".plot")) old.remove();
    plots = [];
    const before = shown;
    for (const group of document.querySelectorAll("[data-course]")) {
      const course = JSON.parse(group.dataset.course);
      for (const figure of group.querySelectorAll("[data-chart]")) plots.push(build(figure, course));
    }
    times = plots.filter((u) => u.whole);
    if (before) show(...before);
  };
  document.body.classList.add("interactive");
  document.addEventListener("replaced", () => is_stale() && start());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", start);
  matchMedia("(forced-colors: active)").addEventListener("change", start);
  start();
})();
