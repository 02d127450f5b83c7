/** Shows the values of the step under the pointer on every chart. The page is complete without it. */
export const PAGE_SCRIPT = `
for (const figure of document.querySelectorAll('figure.chart')) {
  const { width, places } = JSON.parse(figure.querySelector('script').textContent);
  const plot = figure.querySelector('.plot'), readout = figure.querySelector('output'), cursor = figure.querySelector('.cursor');
  plot.addEventListener('pointermove', (event) => {
    const box = plot.getBoundingClientRect(), at = ((event.clientX - box.left) / box.width) * width;
    const near = places.map(({ name, points }) => ({ name, point: points.reduce((best, point) =>
      !best || Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best, null) })).filter(({ point }) => point);
    if (near.length === 0) return;
    const step = near[0].point[1], x = near[0].point[0];
    cursor.setAttribute('x1', x); cursor.setAttribute('x2', x);
    readout.textContent = ['step ' + step].concat(near.map(({ name, point }) => point[2] + '  ' + name)).join('\\n');
    readout.hidden = false;
    const left = (x / width) * box.width;
    readout.style.left = (left > box.width / 2 ? left - readout.offsetWidth - 12 : left + 12) + 'px';
  });
  plot.addEventListener('pointerleave', () => {
    readout.hidden = true; cursor.setAttribute('x1', -9); cursor.setAttribute('x2', -9);
  });
}
`;
