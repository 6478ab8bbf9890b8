// The console works without this file. It adds: pages that look again by themselves, keys, charts,
// the slider before/after, suggestions, copying, and commands with the URL that the browser has open.
(() => {
  'use strict';
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Live: one stream for each page, closed while the tab is hidden.
  let stream = null;
  const look = () => { // says whether it does
    const main = $('#main');
    const busy = main.contains(document.activeElement) && document.activeElement.matches('input:not([type=checkbox]), textarea, select');
    if (busy || $('#keys')?.open || all('[data-row] input:checked').length > 0) return false;
    htmx.trigger(main, 'look');
    return true;
  };
  // A look without an answer leaves the page as it was, which is said, and is done again.
  let later = 0;
  const missed = () => {
    const stale = $('#stale');
    if (stale) stale.hidden = false;
    again();
  };
  const again = () => {
    clearTimeout(later);
    later = setTimeout(() => { if (!document.hidden && !look()) again(); }, 5000);
  };
  document.addEventListener('htmx:error', missed);
  document.addEventListener('htmx:after:request', (event) => { if (event.detail.ctx?.response?.status >= 500) missed(); });
  const open = () => {
    const address = $('#main')?.dataset.live;
    if (!address || stream || document.hidden) return;
    stream = new EventSource(address);
    stream.addEventListener('look', look);
    stream.onerror = () => { // it opens itself again, but where it was refused
      if (stream?.readyState !== EventSource.CLOSED) return;
      stream = null;
      look();
      setTimeout(open, 20000);
    };
  };
  const close = () => { stream?.close(); stream = null; };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return close();
    if ($('#main')?.dataset.live && !look() && $('#stale')?.hidden === false) again();
    open();
  });
  addEventListener('pagehide', close);
  addEventListener('pageshow', open);

  // Keys.
  let led = false; // g was pressed
  let at = -1; // the row that j and k have come to
  let known = ''; // by what it is found after a look
  const nameOf = (row) => $('input[type=checkbox]', row)?.value || (row.matches('a') ? row : $('a', row))?.getAttribute('href') || row.getAttribute('aria-label') || '';
  const mark = (rows) => rows.forEach((row, i) => row.classList.toggle('here', i === at));
  const move = (by) => {
    const rows = all('[data-row]');
    if (!rows.length) return;
    at = Math.min(Math.max(at + by, 0), rows.length - 1);
    known = nameOf(rows[at]);
    mark(rows);
    const target = rows[at].matches('a') ? rows[at] : $('a', rows[at]);
    (target || rows[at]).focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: 'nearest' });
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches('input:not([type=checkbox]):not([type=range]), textarea, select')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    if (led) {
      led = false;
      const link = $(`.side nav a[data-letter="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); location.href = link.href; }
      return;
    }
    switch (event.key) {
      case 'g': led = true; setTimeout(() => { led = false; }, 1500); break;
      case '/': { const field = $('[data-search]'); if (field) { event.preventDefault(); field.focus(); field.select(); } break; }
      case 'j': move(1); break;
      case 'k': move(-1); break;
      case 'x': { const box = $('.here input[type=checkbox]'); if (box) { box.click(); } break; }
      case '?': event.preventDefault(); $('#keys').showModal(); break;
    }
  });

  // Suggestions for a filter: the list beside the field, which the browser shows and leads through by keys.
  let pause = 0, asked = null;
  const suggest = (field) => {
    clearTimeout(pause);
    asked?.abort();
    pause = setTimeout(async () => {
      asked = new AbortController();
      const at = new TextEncoder().encode(field.value.slice(0, field.selectionStart)).length;
      try {
        const answer = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ q: field.value, at })}`, { signal: asked.signal });
        if (!answer.ok) return;
        field.list.replaceChildren(...(await answer.json()).map(({ line, label }) => Object.assign(document.createElement('option'), { value: line, label: label || line })));
      } catch { /* another key was pressed, or the server is unavailable: it can be typed all the same */ }
    }, 150);
  };

  // What is put into a page by a look, and what was there at first, is treated alike.
  const dress = () => {
    if (known) {
      const rows = all('[data-row]');
      at = rows.findIndex((row) => nameOf(row) === known);
      mark(rows);
    }
    all('[data-help]').forEach((b) => { b.hidden = false; b.onclick = () => $('#keys').showModal(); });
    all('[data-origin]').forEach((place) => { // the URL of a path, as a shell reads it
      place.textContent = "'" + (location.origin + place.dataset.origin).replaceAll("'", "'\\''") + "'";
    });
    all('[data-copy]').forEach((b) => {
      b.hidden = false;
      b.onclick = async () => {
        await navigator.clipboard.writeText($(b.dataset.copy).textContent);
        const was = b.textContent;
        b.textContent = 'Copied';
        setTimeout(() => { b.textContent = was; }, 1200);
      };
    });
    all('[data-compare]').forEach((c) => {
      const range = $('input[type=range]', c);
      const show = () => c.style.setProperty('--at', range.value + '%');
      range.oninput = show;
      show();
    });
    all('[data-suggest]').forEach((field) => { field.oninput = () => suggest(field); });
    all('[data-submit]').forEach((s) => { s.onchange = () => s.form.requestSubmit(); });
    all('[data-type]').forEach((field) => {
      const button = $('button.danger, button.primary', field.form);
      const check = () => { button.disabled = field.value.replace(/\D/g, '') !== field.dataset.type; };
      field.oninput = check;
      check();
    });
    all('[data-all]').forEach((box) => {
      box.onchange = () => all('[data-row] input[type=checkbox]').forEach((b) => { b.checked = box.checked; });
    });
    all('[data-chart]').forEach(chart);
    const here = $('.side nav a[aria-current=page]');
    if (here && here.closest('nav').scrollWidth > here.closest('nav').clientWidth) here.scrollIntoView({ inline: 'center', block: 'nearest' });
  };

  // Charts. The figure has a drawing and a text of the same; what is drawn in its place stays through looks, which only
  // change its figures.
  const charts = new Map(); // by the id of the figure
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const fill = (series) => colour(series.colour === 'ink' ? 'ink' : series.colour + '-fill');
  const minutes = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
  const took = (s) => s < 120 ? Math.round(s) + ' s' : s < 7200 ? Math.round(s / 60) + ' min' : Math.round(s / 3600) + ' h';
  const figure = (series, v) => v == null ? '—' : series.seconds ? took(v) : (v < 10 ? Math.round(v * 10) / 10 : Math.round(v)).toLocaleString('en');

  // What uPlot draws: bars as sums, the highest first, so that the others stand before it; then lines.
  const layers = ({ times, series }) => {
    let sums = times.map(() => 0);
    const bars = [];
    for (const s of series.filter((one) => one.bars)) {
      sums = sums.map((sum, i) => sum + (s.values[i] || 0));
      bars.unshift([s, sums]);
    }
    return [...bars, ...series.filter((one) => !one.bars).map((s) => [s, s.values])];
  };

  const chart = (element) => {
    const text = element.dataset.chart;
    const place = $('.plot', element);
    const width = place.clientWidth;
    if (!width) return;
    let had = charts.get(element.id);
    if (had && !had.plot.root.isConnected) { had.plot.destroy(); had = null; }
    if (had?.text === text && had.width === width) return;
    const data = JSON.parse(text);
    if (had) {
      if (had.width !== width) had.plot.setSize({ width, height: had.plot.height });
      if (had.text !== text) had.plot.setData([data.times, ...layers(data).map(([, values]) => values)]);
      Object.assign(had, { text, width, data });
      return;
    }
    const own = { text, width, data };
    charts.set(element.id, own);
    const readout = document.createElement('p');
    readout.className = 'readout';
    const axis = () => ({ stroke: () => colour('soft'), grid: { stroke: () => colour('line'), width: 1 }, ticks: { show: false }, font: '12px ' + getComputedStyle(document.body).fontFamily });
    const lines = layers(data);
    const right = lines.some(([s]) => s.seconds);
    // The series of the bar at the height, or of the highest there where it is above all of them.
    const at = (index, height) => {
      const bars = layers(own.data).filter(([s, sums]) => s.bars && s.values[index] > 0).reverse();
      return (bars.find(([, sums]) => sums[index] >= height) || bars.at(-1) || [])[0];
    };
    own.plot = new uPlot({
      width, height: 200, padding: [8, right ? 0 : 20, 0, 0], legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: (plot, min, max) => { const half = (plot.data[0][1] - plot.data[0][0] || 60) / 2; return [min - half, max + half]; } },
        y: { range: (_, min, max) => [0, Math.max(max * 1.1, 4)] },
        s: { range: (_, min, max) => [0, Math.max(max * 1.1, 60)] },
      },
      axes: [
        { ...axis(), size: 28, grid: { show: false }, values: (_, splits) => splits.map(minutes) },
        { ...axis(), size: 48, values: (_, splits) => splits.map((v) => v.toLocaleString('en')) },
        ...(right ? [{ ...axis(), grid: { show: false }, side: 1, scale: 's', size: 56, incrs: [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400], values: (_, splits) => splits.map(took) }] : []),
      ],
      series: [{}, ...lines.map(([s]) => ({
        label: s.label, scale: s.seconds ? 's' : 'y', stroke: () => fill(s), width: s.bars ? 0 : 1.5,
        fill: s.bars ? () => fill(s) : undefined, paths: s.bars ? uPlot.paths.bars({ size: [0.8, 60], radius: 0.15 }) : undefined, points: { show: false },
      }))],
      hooks: {
        setCursor: [({ cursor: { idx } }) => {
          readout.textContent = idx == null ? '' : minutes(own.data.times[idx]) + ' UTC · ' +
            own.data.series.map((s) => figure(s, s.values[idx]) + ' ' + s.label.toLowerCase()).join(' · ');
        }],
      },
    }, [data.times, ...lines.map(([, values]) => values)], place);
    place.append(readout);
    own.plot.over.addEventListener('click', (event) => {
      const { left, top } = own.plot.over.getBoundingClientRect();
      const index = own.plot.posToIdx(event.clientX - left);
      const series = at(index, own.plot.posToVal(event.clientY - top, 'y'));
      if (series) location.href = series.links?.[index] || series.href;
    });
  };
  let resized = 0;
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(() => all('[data-chart]').forEach(chart), 120); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({ plot }) => plot.redraw(false)));

  document.addEventListener('htmx:after:swap', dress);
  document.addEventListener('DOMContentLoaded', () => { dress(); open(); });
})();
