// The console works without this file. It adds: pages that look again by themselves, keys, charts,
// the slider before/after, and copying.
(() => {
  'use strict';
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Live: one stream for each page, closed while the tab is hidden.
  let stream = null;
  const look = () => {
    const main = $('#main');
    const busy = main.contains(document.activeElement) && document.activeElement.matches('input:not([type=checkbox]), textarea, select');
    if (!busy && !$('#keys')?.open && all('[data-row] input:checked').length === 0) {
      htmx.trigger(main, 'look');
    }
  };
  // A look without an answer leaves the page as it was, which is said, and is done again.
  let later = 0;
  const missed = () => {
    const stale = $('#stale');
    if (stale) stale.hidden = false;
    clearTimeout(later);
    later = setTimeout(() => { if (!document.hidden) look(); }, 5000);
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
    if ($('#main')?.dataset.live) look();
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

  // What is put into a page by a look, and what was there at first, is treated alike.
  const dress = () => {
    if (known) {
      const rows = all('[data-row]');
      at = rows.findIndex((row) => nameOf(row) === known);
      mark(rows);
    }
    all('[data-help]').forEach((b) => { b.hidden = false; b.onclick = () => $('#keys').showModal(); });
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

  // Charts. The element holds a table of the same figures, which stays for those who do not see it.
  const charts = new WeakMap();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const chart = (element) => {
    const text = element.dataset.chart;
    const had = charts.get(element);
    const width = element.clientWidth;
    if (had && had.text === text && had.width === width) return;
    had?.plot.destroy();
    const { times, series } = JSON.parse(text);
    const bars = uPlot.paths.bars({ size: [0.8, 60], radius: 0.15 });
    let sums = times.map(() => 0);
    const stacked = [], lines = [];
    for (const s of series) {
      if (s.bars) { sums = sums.map((v, i) => v + (s.values[i] || 0)); stacked.unshift(sums.slice()); lines.unshift(s); }
    }
    for (const s of series) if (!s.bars) { stacked.push(s.values); lines.push(s); }
    const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px ' + getComputedStyle(document.body).fontFamily };
    const plot = new uPlot({
      width, height: Number(element.dataset.height || 200), padding: [8, 8, 0, 0],
      legend: { show: false }, cursor: { y: false, points: { show: false } },
      scales: { y: { range: (u, min, max) => [0, Math.max(max * 1.1, 4)] } },
      axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 44 }],
      series: [{}, ...lines.map((s) => ({
        label: s.label, stroke: colour(s.colour), width: s.bars ? 0 : 2, fill: s.bars ? colour(s.colour) : undefined,
        paths: s.bars ? bars : undefined, points: { show: false },
      }))],
    }, [times, ...stacked], element);
    charts.set(element, { plot, text, width });
  };
  let resized = 0;
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(() => all('[data-chart]').forEach(chart), 120); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => all('[data-chart]').forEach((e) => { charts.get(e)?.plot.destroy(); charts.delete(e); chart(e); }));

  document.addEventListener('htmx:after:swap', dress);
  document.addEventListener('DOMContentLoaded', () => { dress(); open(); });
})();
